import type { Objects } from "../../cloud/ports/objects.ts";
import { claimLeftS, claimMetadata, claimOf } from "../../jobs/claim.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { claimKey, resultKey } from "../../jobs/keys.ts";

/** `waitS`: somebody else may be delivering; ask again then. */
export type ClaimAnswer = { granted: true; etag: string } | { granted: false; waitS: number };

/** Somebody took the claim at the very moment we tried to. */
const LOST_RACE_S = 1;

/**
 * Takes over the right to deliver a committed result, by a conditional write, once the claim before has run out.
 * The first claim is the committer's and lies on the result itself.
 */
export async function takeClaim(
  objects: Objects,
  job: JobIdentity,
  owner: string,
  claimS: number,
): Promise<ClaimAnswer> {
  const taken = await objects.head(claimKey(job));
  const current = taken ?? (await objects.head(resultKey(job)));
  if (current === undefined) return { granted: false, waitS: LOST_RACE_S };
  const waitS = claimLeftS(claimOf(current.metadata), current);
  if (waitS > 0) return { granted: false, waitS };
  const put = await objects.put(claimKey(job), "", {
    metadata: claimMetadata({ owner, claimS, released: false }),
    condition: taken === undefined ? "absent" : { etag: taken.etag },
  });
  return put.outcome === "stored"
    ? { granted: true, etag: put.etag }
    : { granted: false, waitS: LOST_RACE_S };
}

/** Gives a claim back before its time, so that the next try need not wait for it to run out. */
export async function releaseClaim(
  objects: Objects,
  job: JobIdentity,
  owner: string,
  /** Of the claim object; undefined when the claim still lies on the result. */
  etag: string | undefined,
): Promise<void> {
  await objects.put(claimKey(job), "", {
    metadata: claimMetadata({ owner, claimS: 0, released: true }),
    condition: etag === undefined ? "absent" : { etag },
  });
}
