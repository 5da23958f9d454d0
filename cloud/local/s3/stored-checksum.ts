import type { Algorithm, ChecksumType } from "./checksums.ts";
import type { XmlFields } from "./xml.ts";

/** How a checksum is kept: `crc32:BASE64`, or `crc32:BASE64-N` for one of parts. */
export const storedChecksum = (algorithm: Algorithm, value: string) => `${algorithm}:${value}`;

export interface NamedChecksum {
  algorithm: Algorithm;
  value: string;
  type: ChecksumType;
}

export function readChecksum(stored: string | null): NamedChecksum | undefined {
  if (stored === null) return undefined;
  const mark = stored.indexOf(":");
  const value = stored.slice(mark + 1);
  const type = value.includes("-") ? "COMPOSITE" : "FULL_OBJECT"; // base64 has no hyphen
  return { algorithm: stored.slice(0, mark) as Algorithm, value, type };
}

/** As response headers. */
export function checksumHeaders(stored: string | null): Record<string, string> {
  const found = readChecksum(stored);
  if (found === undefined) return {};
  return { [`x-amz-checksum-${found.algorithm}`]: found.value, "x-amz-checksum-type": found.type };
}

/** As elements of a document, the type left out. */
export function checksumElement(stored: string | null): XmlFields {
  const found = readChecksum(stored);
  return found === undefined ? {} : { [`Checksum${found.algorithm.toUpperCase()}`]: found.value };
}
