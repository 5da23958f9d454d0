/**
 * Whether XML 1.0 can carry the text (production 2, Char): no NUL, ESC or other control characters but tab, line feed
 * and carriage return, no U+FFFE or U+FFFF, no half of a surrogate pair.
 */
export function isXmlText(text: string): boolean {
  return text.isWellFormed() && !NOT_XML.test(text);
}

/**
 * The text with U+FFFD in the place of whatever XML cannot carry, and without a byte order mark at its start, which
 * readers may drop. For sentences meant for people only.
 */
export function toXmlText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(NOT_XML_ALL, "\uFFFD")
    .replace(/^\uFEFF+/, "");
}

// Everything but tab, line feed, carriage return and what comes from U+0020 on, less U+FFFE and U+FFFF.
const NOT_XML = /(?![\t\n\r])\p{Cc}(?<![\x7F-\x9F])|[\uFFFE\uFFFF]/u;
const NOT_XML_ALL = new RegExp(NOT_XML, "gu");

/** Line feeds and tabs in an attribute, unless written as references, are read back as spaces (XML 1.0, 3.3.3). */
export function escapeAttribute(value: string): string {
  return escapeText(value)
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;")
    .replaceAll("\t", "&#9;")
    .replaceAll("\n", "&#10;");
}

/** A carriage return, unless written as a reference, is read back as a line feed (XML 1.0, 2.11). */
export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}
