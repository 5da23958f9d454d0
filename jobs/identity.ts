import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * What ties a response to its request. `id` is the SQS message id of the job's first journey; `generation`
 * counts replays. Everything Drover keeps of a job is kept per generation.
 */
export interface JobIdentity {
  id: string;
  generation: number;
}

/** The message attribute that carries an identity on everything Drover itself sends again. */
export const IDENTITY_ATTRIBUTE = "drover-identity";

const FORM = /^v1\.([A-Za-z0-9_-]{1,100})\.(\d{1,6})\.([0-9a-f]{64})$/;

/** The attribute's value: the identity, bound to the body by an HMAC-SHA256 under the fleet's key. */
export function signIdentity(identity: JobIdentity, body: string, fleetKey: Uint8Array): string {
  return `v1.${identity.id}.${identity.generation}.${macOf(identity, body, fleetKey)}`;
}

/**
 * The identity of a received message: the signed one it carries, else its own id in generation 0.
 * An unsigned, forged or foreign claim is ignored, so nobody can speak for somebody else's job.
 */
export function identify(
  message: { id: string; body: string; attributes: Record<string, string> },
  fleetKey: Uint8Array,
): JobIdentity {
  return verifyIdentity(message, fleetKey) ?? { id: message.id, generation: 0 };
}

/** The signed identity a message carries, or undefined when there is none that we signed for this body. */
export function verifyIdentity(
  message: { body: string; attributes: Record<string, string> },
  fleetKey: Uint8Array,
): JobIdentity | undefined {
  const [, id, generation, mac] = FORM.exec(message.attributes[IDENTITY_ATTRIBUTE] ?? "") ?? [];
  if (id === undefined || mac === undefined) return undefined;
  const identity = { id, generation: Number(generation) };
  const expected = macOf(identity, message.body, fleetKey);
  return timingSafeEqual(Buffer.from(mac, "hex"), Buffer.from(expected, "hex")) ? identity : undefined;
}

function macOf(identity: JobIdentity, body: string, fleetKey: Uint8Array): string {
  const digest = createHash("sha256").update(body).digest("hex");
  return createHmac("sha256", fleetKey)
    .update(`${identity.id}\n${identity.generation}\n${digest}`)
    .digest("hex");
}
