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

/** Who may deliver now, once the committer's own claim has run out; or that it was delivered or parked. */
export function claimKey(job: JobIdentity): string {
  return `${jobPrefix(job)}claim`;
}

/** The request document, only when it was too large to be sent on as a message. */
export function requestKey(job: JobIdentity): string {
  return `${jobPrefix(job)}request`;
}

/** What is recorded of tries; jobs/history.ts says when. */
export function attemptsPrefix(job: JobIdentity): string {
  return `${jobPrefix(job)}attempts/`;
}

/**
 * Files a try produced. Under the attempt's id, so that a loser cannot overwrite the winner's; not under the job's
 * prefix, whose listing must stay short.
 */
export function artifactKey(job: JobIdentity, attemptId: string, name: string): string {
  return `artifacts/${job.id}/g${job.generation}/${attemptId}/${name}`;
}

export const CANCELS_PREFIX = "cancels/";

/** Says that a job was cancelled, so that whoever runs it stops. Its result says the same for good. */
export function cancelKey({ id, generation }: JobIdentity): string {
  return `${CANCELS_PREFIX}${id}.g${generation}`;
}

/** The claim of a client's own reference; hashed, since a reference may hold any characters. */
export function referenceKey(reference: string): string {
  return `references/${createHash("sha256").update(reference).digest("hex")}`;
}

/** The key under which the fleet signs what it sends to itself. */
export const FLEET_KEY = "fleet/key";

/** Prefixes that belong to the fleet: of jobs, and of the store's log and status (cloud/aws/s3-store.ts). */
const INTERNAL = [
  "jobs/",
  "artifacts/",
  CANCELS_PREFIX,
  "references/",
  "fleet/",
  "activity/",
  "status/",
  "control/",
  "releases/",
  "boot/",
];

/** True for the fleet's own records, which no job may name as its input. */
export function isInternalKey(key: string): boolean {
  return INTERNAL.some((prefix) => key.startsWith(prefix));
}
