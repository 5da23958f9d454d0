import { createHash } from "node:crypto";
import type { JobIdentity } from "./identity.ts";

/** Where everything lies in the bucket. The one place that knows the layout. */

/** `jobs/<id>/g<n>/` */
export function jobPrefix({ id, generation }: JobIdentity): string {
  return `jobs/${id}/g${generation}/`;
}

/** The write-once response document; its conditional write is the only fence. */
export function resultKey(job: JobIdentity): string {
  return `${jobPrefix(job)}result`;
}

/** Who may deliver now, once the committer's own claim has run out; or that it was delivered. */
export function claimKey(job: JobIdentity): string {
  return `${jobPrefix(job)}claim`;
}

/** The request document, only when it was too large to be sent on as a message. */
export function requestKey(job: JobIdentity): string {
  return `${jobPrefix(job)}request`;
}

/** One record for each try that failed by the job's own fault. */
export function attemptsPrefix(job: JobIdentity): string {
  return `${jobPrefix(job)}attempts/`;
}

export function attemptKey(job: JobIdentity, attemptId: string): string {
  return `${attemptsPrefix(job)}${attemptId}`;
}

/**
 * Files a try produced. Under the attempt's id, so that a loser cannot overwrite the winner's; not under the job's
 * prefix, whose listing must stay short.
 */
export function artifactKey(job: JobIdentity, attemptId: string, name: string): string {
  return `artifacts/${job.id}/g${job.generation}/${attemptId}/${name}`;
}

/** The claim of a client's own reference; hashed, since a reference may hold any characters. */
export function referenceKey(reference: string): string {
  return `references/${createHash("sha256").update(reference).digest("hex")}`;
}

/** The key under which the fleet signs what it sends to itself. */
export const FLEET_KEY = "fleet/key";

/** Prefixes that belong to the fleet: of jobs, and of the store's log and status (cloud/aws/s3-store.ts). */
const INTERNAL = ["jobs/", "artifacts/", "references/", "fleet/", "activity/", "status/"];

/** True for the fleet's own records, which no job may name as its input. */
export function isInternalKey(key: string): boolean {
  return INTERNAL.some((prefix) => key.startsWith(prefix));
}
