import { createHash } from "node:crypto";
import type { Objects } from "../../cloud/ports/objects.ts";
import { type JobIdentity, IDENTITY_ATTRIBUTE, signIdentity } from "../../jobs/identity.ts";
import { requestKey } from "../../jobs/keys.ts";
import type { AgentContext } from "../context.ts";

/** SQS counts body and attributes together: 1 MiB in all, of which ours get this much. */
const LARGEST_BODY = 1024 * 1024 - 8 * 1024;

/** Says that the body is not the request itself but the key of the object that holds it. */
const STORED_ATTRIBUTE = "drover-request";

export interface CarriedMessage {
  body: string;
  attributes: Record<string, string>;
}

/**
 * A request as Drover sends it on: under its signed identity, and by way of the bucket when it leaves no room for our
 * attributes.
 */
export async function carry(
  { objects, fleetKey }: Pick<AgentContext, "objects" | "fleetKey">,
  job: JobIdentity,
  body: string,
): Promise<CarriedMessage> {
  const sign = (text: string) => ({ [IDENTITY_ATTRIBUTE]: signIdentity(job, text, fleetKey) });
  if (Buffer.byteLength(body) <= LARGEST_BODY) return { body, attributes: sign(body) };
  const key = requestKey(job);
  await objects.put(key, body, { contentType: "application/xml; charset=utf-8" });
  const pointer = `s3://${objects.bucket}/${key} sha256:${createHash("sha256").update(body).digest("hex")}`;
  return { body: pointer, attributes: { ...sign(pointer), [STORED_ATTRIBUTE]: "stored" } };
}

/** The request itself of a message whose signed identity was verified. Undefined when the object is gone. */
export async function carriedBody(
  objects: Objects,
  job: JobIdentity,
  message: CarriedMessage,
): Promise<string | undefined> {
  if (message.attributes[STORED_ATTRIBUTE] === undefined) return message.body;
  const stored = await objects.get(requestKey(job));
  return stored && new TextDecoder().decode(stored.body);
}
