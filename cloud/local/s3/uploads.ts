import { randomUUID } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { parameter } from "../http/head.ts";
import { field, type S3Call } from "./call.ts";
import {
  algorithms,
  DEFAULT_ALGORITHM,
  isAlgorithm,
  type Algorithm,
  type ChecksumType,
} from "./checksums.ts";
import { MAX_PARTS } from "./objects.ts";
import type { S3State } from "./state.ts";
import type { UploadRow } from "./upload-table.ts";

/** Ids of one key sort by age: twelve hexadecimal digits hold milliseconds for nine thousand years. */
export const newUploadId = (now: number) =>
  `${Math.floor(now).toString(16).padStart(12, "0")}${randomUUID().replaceAll("-", "")}`;

export const uploadIdOf = (call: S3Call) => parameter(call.exchange.head, "uploadId") ?? "";

/** The upload a request names, of the key it names. Inside a transaction. Throws AwsError `NoSuchUpload`. */
export function requireUpload({ state, bucket, key }: S3Call, id: string): UploadRow {
  const found = state.uploads.find(id);
  if (found !== undefined && found.bucket === bucket && key.equals(found.key)) return found;
  throw new AwsError(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { UploadId: id },
  );
}

export const algorithmOf = ({ algorithm }: UploadRow): Algorithm => algorithm ?? DEFAULT_ALGORITHM;

/** The part number of a request. Throws AwsError `InvalidArgument`. */
export function readPartNumber(call: S3Call): number {
  const text = parameter(call.exchange.head, "partNumber") ?? "";
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw new AwsError(
    "InvalidArgument",
    `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    {
      ArgumentName: "partNumber",
      ArgumentValue: text,
    },
  );
}

/** Removes an upload and its parts. Inside a transaction. Returns the files that nobody names any more. */
export function dropUpload(state: S3State, id: string): string[] {
  const files = state.uploads.parts(id, 0, MAX_PARTS).map(({ file }) => file);
  state.uploads.removeParts(id);
  state.uploads.remove(id);
  return files;
}

/** The algorithm and type that a new upload asks for. Throws AwsError `InvalidRequest`. */
export function readChecksumChoice(call: S3Call): { algorithm: Algorithm | null; type: ChecksumType } {
  const algorithm = readAlgorithm(field(call, "x-amz-checksum-algorithm"));
  const type = field(call, "x-amz-checksum-type")?.toUpperCase();
  if (type !== undefined && type !== "FULL_OBJECT" && type !== "COMPOSITE")
    throw new AwsError("InvalidRequest", "Value for x-amz-checksum-type header is invalid.");
  if (algorithm === undefined) {
    if (type !== undefined) {
      throw new AwsError(
        "InvalidRequest",
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
      );
    }
    return { algorithm: null, type: "FULL_OBJECT" };
  }
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
  const possible: ChecksumType[] = algorithm.startsWith("sha")
    ? ["COMPOSITE"]
    : algorithm === "crc64nvme"
      ? ["FULL_OBJECT"]
      : ["COMPOSITE", "FULL_OBJECT"];
  const chosen = type ?? possible[0];
  if (chosen !== undefined && possible.includes(chosen)) return { algorithm, type: chosen };
  throw new AwsError(
    "InvalidRequest",
    `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  );
}

/** Undefined for no header. Throws AwsError `InvalidRequest`. */
export function readAlgorithm(text: string | undefined): Algorithm | undefined {
  if (text === undefined) return undefined;
  const name = text.toLowerCase();
  if (isAlgorithm(name)) return name;
  throw new AwsError(
    "InvalidRequest",
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${algorithms.map((it) => it.toUpperCase()).join(", ")}]`,
  );
}
