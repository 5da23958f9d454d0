import { isUtf8 } from "node:buffer";

/**
 * One kind's size limit in bytes. A request travels as one SQS message, a response may (response queue): 1 MiB is
 * the largest one SQS takes (AWS, "Amazon SQS message quotas").
 */
const MAX_DOCUMENT_BYTES = 1_048_576;

/** What is wrong with a document, before the code gets its `request-` or `response-` in front. */
export interface TextProblem {
  fault: "too-large" | "not-xml" | "encoding" | "doctype";
  line: number;
  message: string;
}

const UTF8_ADVICE = "send it as UTF-8";

/**
 * The document as text, or the first reason to refuse it before a parser sees it: too many bytes, any encoding but
 * UTF-8, a NUL, any XML version but 1.0, or a DOCTYPE. What no legitimate document needs never reaches the parser.
 */
export function readDocumentText(xml: string | Uint8Array): { text: string } | TextProblem {
  const bytes = typeof xml === "string" ? Buffer.byteLength(xml) : xml.byteLength;
  if (bytes > MAX_DOCUMENT_BYTES) {
    const message = `the document has ${bytes} bytes; at most ${MAX_DOCUMENT_BYTES} (1 MiB) fit one queue message`;
    return { fault: "too-large", line: 1, message };
  }
  const decoded = typeof xml === "string" ? checkString(xml) : decode(xml);
  if ("fault" in decoded) return decoded;
  return checkText(decoded.text) ?? decoded;
}

function checkString(xml: string): { text: string } | TextProblem {
  if (xml.isWellFormed()) return { text: xml.startsWith("\uFEFF") ? xml.slice(1) : xml };
  const line = 1 + xml.split("\n").findIndex((part) => !part.isWellFormed());
  return {
    fault: "encoding",
    line,
    message: "the text holds half of a surrogate pair; it cannot be sent as UTF-8",
  };
}

function decode(bytes: Uint8Array): { text: string } | TextProblem {
  if (looksLikeUtf16Or32(bytes)) {
    return { fault: "encoding", line: 1, message: `the document is in UTF-16 or UTF-32; ${UTF8_ADVICE}` };
  }
  if (!isUtf8(bytes)) {
    return {
      fault: "encoding",
      line: lineOfBrokenUtf8(bytes),
      message: `the bytes are not UTF-8; ${UTF8_ADVICE}`,
    };
  }
  return { text: new TextDecoder("utf-8").decode(bytes) };
}

/** By byte order mark, or by the zero byte beside the first "<" (XML 1.0, appendix F). */
function looksLikeUtf16Or32(bytes: Uint8Array): boolean {
  const [a, b] = bytes;
  return (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe) || (a === 0 && b !== undefined) || b === 0;
}

/** A line feed is never part of a longer UTF-8 sequence, so each line can be looked at alone. */
function lineOfBrokenUtf8(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (!isUtf8(bytes.subarray(start, end < 0 ? bytes.length : end))) return line;
    if (end < 0) return 1;
    start = end + 1;
    line += 1;
  }
}

function checkText(text: string): TextProblem | undefined {
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const message = "XML cannot hold a NUL character; leave it out, or encode the value as base64";
    return { fault: "not-xml", line: lineAt(text, nul), message };
  }
  return checkDeclaration(text) ?? checkDoctype(text);
}

function checkDeclaration(text: string): TextProblem | undefined {
  if (!/^<\?xml\s/.test(text)) return undefined;
  const declaration = text.slice(0, Math.max(0, text.indexOf("?>")));
  const version = pseudoAttribute(declaration, "version");
  if (version !== undefined && version !== "1.0") {
    return { fault: "not-xml", line: 1, message: 'only XML 1.0 is read; declare version="1.0"' };
  }
  const encoding = pseudoAttribute(declaration, "encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
    const message =
      'the declaration names another encoding than UTF-8; declare encoding="UTF-8" and send UTF-8';
    return { fault: "encoding", line: 1, message };
  }
  return undefined;
}

function pseudoAttribute(declaration: string, name: string): string | undefined {
  return new RegExp(String.raw`\s${name}\s*=\s*(?:"([^"]*)"|'([^']*)')`)
    .exec(declaration)
    ?.slice(1)
    .find((value) => value !== undefined);
}

/** A DOCTYPE can only stand in the prolog: after the declaration, comments, processing instructions and blanks. */
function checkDoctype(text: string): TextProblem | undefined {
  let at = 0;
  for (;;) {
    while (" \t\r\n".includes(text[at] ?? "<")) at += 1;
    if (text.startsWith("<!DOCTYPE", at)) {
      const message =
        "a DOCTYPE is refused, because it can make a reader fetch files and fill memory; leave it out";
      return { fault: "doctype", line: lineAt(text, at), message };
    }
    const end = text.startsWith("<!--", at) ? "-->" : text.startsWith("<?", at) ? "?>" : undefined;
    const next = end === undefined ? -1 : text.indexOf(end, at + 2);
    if (end === undefined || next < 0) return undefined;
    at = next + end.length;
  }
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}
