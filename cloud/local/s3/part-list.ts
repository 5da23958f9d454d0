import { AwsError } from "../aws-error.ts";
import { isAlgorithm, type Algorithm } from "./checksums.ts";
import { MAX_PARTS } from "./objects.ts";
import { readChecksum } from "./stored-checksum.ts";
import type { PartRow, UploadRow } from "./upload-table.ts";
import { listOf, malformed, parseXml, textOf, type Element } from "./xml-body.ts";

/** Every part but the last is at least this large: 5 MiB. */
const MIN_PART_BYTES = 5 * 1024 * 1024;

/** A part as the request to complete an upload names it. */
export interface NamedPart {
  number: number;
  etag: string;
  checksums: ReadonlyMap<Algorithm, string>;
}

/** Throws AwsError `MalformedXML`. */
export function readParts(text: string): NamedPart[] {
  const request = parseXml(text, "CompleteMultipartUpload", ["CompleteMultipartUpload.Part"]);
  const elements = listOf(request, "Part");
  if (elements.length === 0 || elements.length > MAX_PARTS) throw malformed();
  return elements.map((element) => readPart(element));
}

function readPart(element: Element): NamedPart {
  const number = textOf(element, "PartNumber") ?? "";
  const etag = textOf(element, "ETag");
  if (typeof element === "string" || !/^\d{1,9}$/.test(number) || etag === undefined) throw malformed();
  const checksums = new Map<Algorithm, string>();
  for (const name of Object.keys(element)) {
    const algorithm = name.replace(/^Checksum/, "").toLowerCase();
    if (isAlgorithm(algorithm)) checksums.set(algorithm, textOf(element, name) ?? "");
  }
  return { number: Number(number), etag: etag.replaceAll('"', ""), checksums };
}

/**
 * The parts that make the object, in their order. Throws AwsError `InvalidPartOrder`, `InvalidPart`,
 * `EntityTooSmall`, `InvalidRequest`.
 */
export function checkParts(
  upload: UploadRow,
  uploaded: readonly PartRow[],
  named: readonly NamedPart[],
): PartRow[] {
  const unordered = named.some(({ number }, index) => index > 0 && number <= (named[index - 1]?.number ?? 0));
  if (unordered) {
    throw new AwsError(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
    );
  }
  const byNumber = new Map(uploaded.map((part) => [part.number, part]));
  const parts = named.map((one) => checkPart(upload, byNumber.get(one.number), one));
  const small = parts.find((part, index) => index < parts.length - 1 && part.bytes < MIN_PART_BYTES);
  if (small === undefined) return parts;
  throw new AwsError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
    ProposedSize: String(small.bytes),
    MinSizeAllowed: String(MIN_PART_BYTES),
    PartNumber: String(small.number),
    ETag: small.etag,
  });
}

function checkPart(upload: UploadRow, part: PartRow | undefined, named: NamedPart): PartRow {
  if (part === undefined || part.etag !== named.etag) throw invalidPart(upload, named);
  const kept = readChecksum(part.checksum);
  for (const [algorithm, value] of named.checksums) {
    // A checksum of another algorithm was compared when the part came, and not kept.
    if (algorithm === kept?.algorithm && value !== kept.value) throw invalidPart(upload, named);
    if (algorithm !== kept?.algorithm && upload.algorithm !== null) throw invalidPart(upload, named);
  }
  if (upload.algorithm !== null && upload.type === "COMPOSITE" && !named.checksums.has(upload.algorithm)) {
    throw new AwsError(
      "InvalidRequest",
      `The upload was created using a ${upload.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${named.number} in the request.`,
    );
  }
  return part;
}

function invalidPart(upload: UploadRow, { number, etag }: NamedPart): AwsError {
  return new AwsError(
    "InvalidPart",
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: upload.id, PartNumber: String(number), ETag: etag },
  );
}
