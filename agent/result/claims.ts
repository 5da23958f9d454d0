import { DroverError } from "../../base/errors.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { type Claim, claimLeftS, claimMetadata, claimOf } from "../../jobs/claim.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { claimKey, resultKey } from "../../jobs/keys.ts";

export type ClaimAnswer =
  | { outcome: "granted"; etag: string; failures: number }
  /** Nothing more is due. */
  | { outcome: "delivered" }
  | { outcome: "parked" }
  /** Somebody else may be delivering; ask again after `waitS`. */
  | { outcome: "busy"; waitS: number }
  /** There is no result to deliver. */
  | { outcome: "no-result" };

/** Somebody took the claim at the very moment we tried to. */
const LOST_RACE_S = 1;
/** Holders write it a few times in a minute. */
const REOPENINGS = 10;

/**
 * Takes over the right to deliver a committed result, by a conditional write, once the claim before has run out.
 * The first claim is the committer's and lies on the result itself.
 * @param owner fresh for this taking
 */
export async function takeClaim(
  objects: Objects,
  job: JobIdentity,
  owner: string,
  claimS: number,
): Promise<ClaimAnswer> {
  const taken = await objects.head(claimKey(job));
  const current = taken ?? (await objects.head(resultKey(job)));
  if (current === undefined) return { outcome: "no-result" };
  const claim = claimOf(current.metadata);
  if (claim.state === "delivered") return { outcome: "delivered" };
  if (claim.state === "parked") return { outcome: "parked" };
  const waitS = claimLeftS(claim, current);
  if (waitS > 0) return { outcome: "busy", waitS };
  const { failures } = claim;
  const etag = await writeClaim(
    objects,
    job,
    { owner, state: "held", claimS, failures },
    taken?.etag ?? "absent",
  );
  return etag === undefined
    ? { outcome: "busy", waitS: LOST_RACE_S }
    : { outcome: "granted", etag, failures };
}

/**
 * Gives a claim back before its time, after a delivery that failed, so that the next try need not wait for it to run
 * out. When somebody has taken it over meanwhile, it is no longer ours to give.
 * @param etag of the claim object; undefined when the claim still lies on the result
 */
export async function releaseClaim(
  objects: Objects,
  job: JobIdentity,
  owner: string,
  etag: string | undefined,
  failures: number,
): Promise<void> {
  await writeClaim(objects, job, { owner, state: "released", claimS: 0, failures }, etag ?? "absent");
}

/** States for good that the job's result has reached its client. True whoever says it, hence without a condition. */
export async function markDelivered(objects: Objects, job: JobIdentity, owner: string): Promise<void> {
  await writeClaim(objects, job, { owner, state: "delivered", claimS: 0, failures: 0 }, undefined);
}

/**
 * States that the holder gave the delivery up: a copy of it has nothing left to do. Not when somebody has taken the claim
 * over meanwhile, or a person has asked for the delivery again.
 * @param etag see releaseClaim
 */
export async function markParked(
  objects: Objects,
  job: JobIdentity,
  owner: string,
  etag: string | undefined,
): Promise<void> {
  await writeClaim(objects, job, { owner, state: "parked", claimS: 0, failures: 0 }, etag ?? "absent");
}

/**
 * A person asks for a delivery that was given up: it may be tried as often as the first time. To be done before it is
 * sent on its way: who is about to mark it as parked then no longer can. Who may still be delivering keeps the claim,
 * and what was delivered stays so: then nothing is due, and nothing to be sent.
 * @param owner fresh for this asking
 * @throws `cloud-refused` when somebody else, or a store that is not S3, always comes in between
 */
export async function reopenClaim(
  objects: Objects,
  job: JobIdentity,
  owner: string,
): Promise<"due" | "delivered"> {
  for (let n = 0; n < REOPENINGS; n++) {
    const taken = await objects.head(claimKey(job));
    const current = taken ?? (await objects.head(resultKey(job)));
    if (current === undefined) return "due"; // whoever takes it up says what is missing
    const claim = claimOf(current.metadata);
    if (claim.state === "delivered") return "delivered";
    const claimS = claimLeftS(claim, current);
    const state = claimS > 0 ? "held" : "released";
    const written = await writeClaim(
      objects,
      job,
      { owner, state, claimS, failures: 0 },
      taken?.etag ?? "absent",
    );
    if (written !== undefined) return "due";
  }
  throw new DroverError(
    "cloud-refused",
    `The claim to deliver ${job.id} could not be written: somebody else wrote it each time. Try again.`,
  );
}

/** Resolves to the new ETag, or to undefined when the condition did not hold. */
async function writeClaim(
  objects: Objects,
  job: JobIdentity,
  claim: Claim,
  condition: string | undefined,
): Promise<string | undefined> {
  // An ETag is a hash of the body: every state of every owner must have its own.
  const put = await objects.put(claimKey(job), `${claim.state} ${claim.owner}\n`, {
    contentType: "text/plain",
    metadata: claimMetadata(claim),
    ...(condition === undefined
      ? {}
      : { condition: condition === "absent" ? "absent" : { etag: condition } }),
  });
  return put.outcome === "stored" ? put.etag : undefined;
}
