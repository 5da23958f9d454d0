/** XML text of an answer. A list becomes one element for each of its members; undefined leaves the element out. */
type XmlValue = string | number | undefined | XmlFields | readonly XmlValue[];
export interface XmlFields {
  readonly [name: string]: XmlValue;
}

/** A whole document; `root` may carry its namespace. */
export function xmlDocument(root: string, fields: XmlFields, namespace = ""): string {
  const opening = namespace === "" ? root : `${root} xmlns="${namespace}"`;
  return `<?xml version="1.0"?>\n<${opening}>${content(fields)}</${root}>`;
}

function content(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join("");
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((member: XmlValue) => element(name, member)).join("");
  if (typeof value === "object") return `<${name}>${content(value as XmlFields)}</${name}>`;
  const text = String(value);
  if (FORBIDDEN.test(text))
    return `<${name} encoding="base64">${Buffer.from(text).toString("base64")}</${name}>`;
  return `<${name}>${escapeXml(text)}</${name}>`;
}

/**
 * What XML 1.0 cannot carry, even as a reference; such text is sent in base64 and marked
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/InvalidCharacters.html).
 */
const FORBIDDEN = /(?![\t\n\r\u007F-\u009F])[\p{Cc}\uFFFE\uFFFF]/u;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

/** A carriage return becomes a reference: a reader would make a line feed of a raw one. */
function escapeXml(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (one) => entities[one] ?? one);
}
