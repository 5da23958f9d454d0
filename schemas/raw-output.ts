import type { JobResponse } from "./response.ts";
import { escapeText, isXmlText } from "./xml-text.ts";

type RawOutput = NonNullable<JobResponse["rawOutput"]>;

/**
 * The text as it stands in a document, to be read back exactly: CDATA, which people can read, unless a carriage return
 * has to survive (XML reads a bare one as a line feed).
 */
export function carryRawText(content: string): string {
  if (content.includes("\r")) return escapeText(content);
  return `<![CDATA[${content.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
}

/** What escaping may cost before base64 is the better bargain, beyond base64's own third. */
const ESCAPE_ALLOWANCE_CHARS = 256;

/**
 * The bytes as a response carries them, to be read back byte for byte: as text where XML can carry them and escaping
 * does not make them larger than base64 would, as base64 otherwise (NUL, ESC, invalid UTF-8, a byte order mark …).
 */
export function rawOutputOf(bytes: Uint8Array, truncated = false): RawOutput {
  const text = decodeExactly(bytes);
  const flag = truncated ? { truncated } : {};
  // Readers of XML may drop a byte order mark at the start of a text; libxml2-wasm does.
  const plain = text !== undefined && !text.startsWith("\uFEFF") && isXmlText(text);
  if (plain && isCompact(text)) {
    return { encoding: "none", content: text, ...flag };
  }
  return { encoding: "base64", content: Buffer.from(bytes).toString("base64"), ...flag };
}

/** The bytes of a program's output, as a response carries them. */
export function bytesOfRawOutput(rawOutput: RawOutput): Uint8Array {
  return Buffer.from(rawOutput.content, rawOutput.encoding === "base64" ? "base64" : "utf8");
}

function decodeExactly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: there is no text to speak of.
    return undefined;
  }
}

function isCompact(text: string): boolean {
  return Buffer.byteLength(carryRawText(text)) <= (Buffer.byteLength(text) * 4) / 3 + ESCAPE_ALLOWANCE_CHARS;
}
