import { hash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";
import { AwsError } from "../aws-error.ts";
import { openBody } from "./body.ts";
import type { S3Call } from "./call.ts";
import { startChecksum } from "./checksums.ts";
import { algorithmSent, checkChecksum, checkMd5 } from "./receive.ts";

/** Largest XML document: a thousand keys of a kilobyte each, escaped; ten thousand parts take less. */
const MAX_XML_BYTES = 8 * 1024 * 1024;

/** A document as elements: text, or elements by name; always lists where the reader asked for lists. */
export type Element = string | { readonly [name: string]: Element | readonly Element[] };

/** The text of a request's XML body, "" for none, its digests checked. Throws AwsError. */
export async function readText(call: S3Call): Promise<string> {
  const { headers } = call.exchange.head;
  if (headers.get("content-length") === undefined && headers.get("transfer-encoding") === undefined)
    return "";
  const body = openBody(call);
  if (body.bytes > MAX_XML_BYTES) throw new AwsError("MaxMessageLengthExceeded", "Your request was too big.");
  const bytes = await body.whole();
  checkMd5(call, hash("md5", bytes, "hex"));
  const sent = algorithmSent(call);
  if (sent !== undefined) {
    const checksum = startChecksum(sent);
    checksum.update(bytes);
    checkChecksum(call, body, sent, checksum.digest());
  }
  return bytes.toString();
}

/** The named root element of a document. `lists`: paths of elements that may repeat. Throws AwsError `MalformedXML`. */
export function parseXml(text: string, root: string, lists: readonly string[] = []): Element {
  if (/<!DOCTYPE/i.test(text)) throw malformed();
  const parser = new XMLParser({
    ignoreAttributes: true,
    removeNSPrefix: true,
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true, // also decodes &#x…; references, in which clients send control characters
    processEntities: { enabled: true, maxTotalExpansions: MAX_XML_BYTES, maxExpandedLength: MAX_XML_BYTES },
    isArray: (_, path) => lists.includes(String(path)),
  });
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch (error) {
    throw malformed(error);
  }
  const found = (document as Record<string, Element>)[root];
  if (found === undefined) throw malformed();
  return found;
}

/** The text of an element's child; undefined when it is not there or holds elements. */
export function textOf(element: Element, name: string): string | undefined {
  const found = typeof element === "string" ? undefined : element[name];
  return typeof found === "string" ? found.trim() : undefined;
}

/** The children of one name; none when it is not there. */
export function listOf(element: Element, name: string): readonly Element[] {
  const found = typeof element === "string" ? undefined : element[name];
  if (found === undefined) return [];
  return Array.isArray(found) ? (found as readonly Element[]) : [found as Element];
}

export function malformed(cause?: unknown): AwsError {
  const message = "The XML you provided was not well-formed or did not validate against our published schema";
  return new AwsError("MalformedXML", message, {}, cause);
}
