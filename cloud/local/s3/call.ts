import { AwsError } from "../aws-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { parameter } from "../http/head.ts";
import type { Verified } from "../signature/verify.ts";
import type { S3State } from "./state.ts";
import { xmlDocument, type XmlFields } from "./xml.ts";

/** One verified request. */
export interface S3Call {
  state: S3State;
  exchange: Exchange;
  bucket: string;
  /** Empty for operations on a bucket. */
  key: Buffer;
  /** Value of x-amz-content-sha256, or UNSIGNED-PAYLOAD for a presigned URL. */
  payloadHash: string;
  /** What the signatures of the body's chunks build on; undefined where the body is not signed. */
  verified: Verified | undefined;
  /** Who signed the request. */
  accessKeyId: string;
}

export type S3Operation = (call: S3Call) => Promise<void>;

/** The one account's canonical user id. */
export const OWNER = { ID: "0".repeat(64) };

/** A header; presigned URLs may carry x-amz- headers as parameters instead. */
export function field(call: S3Call, name: string): string | undefined {
  const { head } = call.exchange;
  return head.headers.get(name) ?? (name.startsWith("x-amz-") ? parameter(head, name) : undefined);
}

export function respondXml(
  call: S3Call,
  root: string,
  fields: XmlFields,
  headers: Record<string, string> = {},
): void {
  respondDocument(call, xmlDocument(root, fields), headers);
}

export function respondDocument(call: S3Call, document: string, headers: Record<string, string> = {}): void {
  call.exchange.respond(200, { ...headers, "content-type": "application/xml" }, document);
}

/** An answer without a body. */
export function respondEmpty(call: S3Call, status: number, headers: Record<string, string> = {}): void {
  call.exchange.respond(status, headers, "");
}

/** Throws AwsError `NoSuchKey`. */
export function noSuchKey(call: S3Call): AwsError {
  return new AwsError("NoSuchKey", "The specified key does not exist.", { Key: call.key.toString() });
}

export const isoTime = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString();

/** A whole number in a parameter. Throws AwsError `InvalidArgument`. */
export function readNumber(call: S3Call, name: string, otherwise: number, max: number): number {
  const text = parameter(call.exchange.head, name);
  if (text === undefined || text === "") return otherwise;
  if (/^\d{1,10}$/.test(text) && Number(text) <= 2_147_483_647) return Math.min(Number(text), max);
  throw new AwsError("InvalidArgument", `Provided ${name} not an integer or within integer range`, {
    ArgumentName: name,
    ArgumentValue: text,
  });
}
