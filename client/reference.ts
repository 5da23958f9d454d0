import { DroverError } from "../base/errors.ts";
import type { StoredObject } from "../cloud/ports/objects.ts";
import { referenceKey } from "../jobs/keys.ts";
import type { ClientPorts } from "./ports.ts";

/**
 * A reference is a client's own name for a job: however often it is submitted, it is one job.
 *
 * One object per reference, `references/<sha256 of the reference>`, written only under conditions:
 *
 *   (none) ──absent──▶ sending ──sent──▶ sent (message id)      for ever: every later submit returns that id
 *                        │  ▲
 *              the send failed │ taken over, at once when released, after STALE_S when its holder fell silent
 *                        ▼  │
 *                      released
 *
 * - The claim is durable before the message is sent: of two submits at once, one sends and the other waits.
 * - A crash between claim and send loses nothing: the next submit takes the claim over after STALE_S.
 * - A crash between send and record sends a second message after STALE_S: at least once, never lost. The first
 *   to record its id wins, and both then return that one.
 * - The same reference with another request is refused: it would silently get the first one's result.
 */
export interface ReferencedJob {
  reference: string;
  /** Equal for equal requests. */
  fingerprint: string;
}

export interface Submission {
  /** The job's identity. */
  messageId: string;
  /** True when an earlier submit of the same reference had sent the job already. */
  duplicate: boolean;
  /** Why a repeat of this reference might send the job again, if it might. */
  warning?: string;
}

interface Claim {
  state: "sending" | "released" | "sent";
  fingerprint: string;
  nonce: string;
  messageId?: string;
}

/** A send is given up after three tries of 15 s each (cloud/aws); a holder silent for longer is not sending. */
export const STALE_S = 60;
/** Somebody else keeps taking the claim over and failing: nobody waits for that longer than this. */
const BUSY_LIMIT_MS = 300_000;
const POLL_MS = 500;

/**
 * Sends unless a job of that reference was sent before.
 * @throws DroverError `reference-conflict` when the reference belongs to another request, `reference-busy` when
 * other submits of it kept failing, and whatever `send` throws
 */
export async function submitOnce(
  ports: Pick<ClientPorts, "objects" | "clock" | "random">,
  job: ReferencedJob,
  send: () => Promise<string>,
): Promise<Submission> {
  const { objects, clock } = ports;
  const key = referenceKey(job.reference);
  const claim: Claim = { state: "sending", fingerprint: job.fingerprint, nonce: ports.random.uuid() };
  const started = clock.monotonic();
  let condition: "absent" | { etag: string } = "absent";
  for (;;) {
    const put = await objects.put(key, JSON.stringify(claim), { condition, contentType: "application/json" });
    if (put.outcome === "stored") return await sendClaimed(objects, key, claim, put.etag, send);
    const step = await untilDecided(ports, key, claim, started);
    if (step.action === "done") return { messageId: step.messageId, duplicate: true };
    if (step.action === "send") return await sendClaimed(objects, key, claim, step.etag, send);
    condition = step.condition;
  }
}

type Step =
  | { action: "done"; messageId: string }
  /** Our own claim stands there: the answer to our write was lost. */
  | { action: "send"; etag: string }
  | { action: "take"; condition: "absent" | { etag: string } };

/** Reads the claim until it says what to do; waits while somebody else is sending. */
async function untilDecided(
  { objects, clock }: Pick<ClientPorts, "objects" | "clock">,
  key: string,
  mine: Claim,
  started: number,
): Promise<Step> {
  for (;;) {
    const current = await objects.get(key);
    if (current === undefined) return { action: "take", condition: "absent" };
    const claim = parseClaim(current);
    if (claim.nonce === mine.nonce && claim.state === "sending")
      return { action: "send", etag: current.etag };
    if (claim.fingerprint !== mine.fingerprint) {
      throw new DroverError(
        "reference-conflict",
        "This reference was submitted before with another request. Use a new reference, or the same request.",
      );
    }
    if (claim.messageId !== undefined) return { action: "done", messageId: claim.messageId };
    // The store's own clock on both sides: no skew of ours can make a claim look old.
    const ageS = (current.storeNow - current.lastModified) / 1000;
    if (claim.state === "released" || ageS >= STALE_S)
      return { action: "take", condition: { etag: current.etag } };
    if (clock.monotonic() - started > BUSY_LIMIT_MS) {
      throw new DroverError(
        "reference-busy",
        "Other submits of this reference have been at work for minutes and none of them succeeded. Try again later.",
      );
    }
    await clock.sleep(POLL_MS);
  }
}

async function sendClaimed(
  objects: ClientPorts["objects"],
  key: string,
  claim: Claim,
  etag: string,
  send: () => Promise<string>,
): Promise<Submission> {
  let messageId: string;
  try {
    messageId = await send();
  } catch (error) {
    // We have stopped trying, so the next submit need not wait. If this write fails too, STALE_S does it.
    const released = JSON.stringify({ ...claim, state: "released" } satisfies Claim);
    await objects.put(key, released, { condition: { etag } }).catch(() => undefined);
    throw error;
  }
  try {
    return await record(objects, key, { ...claim, state: "sent", messageId }, etag);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const warning = `The job was sent, but its reference could not be recorded (${reason}): submitting it again may send it again.`;
    return { messageId, duplicate: false, warning };
  }
}

/** Records our message id, unless another submit that took the claim over was first: then its id counts. */
async function record(
  objects: ClientPorts["objects"],
  key: string,
  claim: Claim & { messageId: string },
  etag: string,
): Promise<Submission> {
  let condition: "absent" | { etag: string } = { etag };
  for (;;) {
    const put = await objects.put(key, JSON.stringify(claim), { condition, contentType: "application/json" });
    if (put.outcome === "stored") return { messageId: claim.messageId, duplicate: false };
    const current = await objects.get(key);
    const recorded = current && parseClaim(current).messageId;
    if (recorded !== undefined) return { messageId: recorded, duplicate: recorded !== claim.messageId };
    condition = current === undefined ? "absent" : { etag: current.etag };
  }
}

function parseClaim(object: StoredObject): Claim {
  try {
    const claim = JSON.parse(Buffer.from(object.body).toString()) as Claim;
    if (typeof claim.state === "string" && typeof claim.fingerprint === "string") return claim;
  } catch {
    // Said below, as for any other content that is not ours.
  }
  throw new DroverError(
    "reference-unreadable",
    "The record of this reference in the fleet's bucket is not one of Drover's. Use another reference, or remove it.",
  );
}
