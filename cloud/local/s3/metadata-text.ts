/**
 * User metadata outside of ASCII, as the user guide describes it ("Working with object metadata"): values are
 * decoded as RFC 2047 says before they are stored, and encoded so before they are returned. Header values come
 * as Latin-1, a character for each byte, and S3 takes them for that too.
 */
export function presentable(value: string): string {
  const text = value.replaceAll(ENCODED_WORD, (word, charset: string, encoding: string, content: string) =>
    decodeWord(word, charset, encoding, content),
  );
  return /^[\x20-\x7e\t]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`;
}

const ENCODED_WORD = /=\?([\w-]+)\?([bqBQ])\?([^?\s]*)\?=/g;

function decodeWord(word: string, charset: string, encoding: string, content: string): string {
  const name = charset.toLowerCase();
  if (name !== "utf-8" && name !== "iso-8859-1" && name !== "us-ascii") return word;
  const bytes = encoding.toLowerCase() === "b" ? Buffer.from(content, "base64") : fromQuoted(content);
  return bytes.toString(name === "utf-8" ? "utf8" : "latin1");
}

function fromQuoted(content: string): Buffer {
  const text = content
    .replaceAll("_", " ")
    .replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, "latin1");
}
