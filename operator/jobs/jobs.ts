import { DroverError } from "../../base/errors.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { claimMetadata, claimOf } from "../../jobs/claim.ts";
import { type History, historyOf } from "../../jobs/history.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { cancelKey, claimKey, jobPrefix, resultKey } from "../../jobs/keys.ts";
import { buildResponse } from "../../schemas/build.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";

/** What the bucket knows of a job; while all goes well that is nothing until the result. */
export interface JobPicture {
  job: JobIdentity;
  history: History;
  response: JobResponse | undefined;
  /** `delivered` only where something went wrong on the way; else the request's absence says it. */
  delivery: string | undefined;
}

/** An id as SQS makes it; anything else could name somebody else's objects. */
const ID = /^[A-Za-z0-9_-]{1,100}$/;

/** The newest generation of a job that left a trace, or generation 0. Throws `job-id-invalid`. */
export async function newestGeneration(objects: Objects, id: string): Promise<JobIdentity> {
  if (!ID.test(id))
    throw new DroverError("job-id-invalid", `"${id}" is not a job's id: submit-job printed one.`);
  const keys = await objects.list(`jobs/${id}/`);
  const generations = keys.map((key) => Number(/\/g(\d+)\//.exec(key)?.[1] ?? 0));
  return { id, generation: Math.max(0, ...generations) };
}

export async function pictureOf(objects: Objects, job: JobIdentity): Promise<JobPicture> {
  const history = historyOf(job, await objects.list(jobPrefix(job)));
  const [result, claim] = await Promise.all([objects.get(resultKey(job)), objects.head(claimKey(job))]);
  const verdict = result === undefined ? undefined : validate("response", result.body);
  const holder = claim ?? result;
  return {
    job,
    history,
    response: verdict?.ok ? verdict.value : undefined,
    delivery: holder === undefined ? undefined : claimOf(holder.metadata).state,
  };
}

/**
 * Gives a job the result "cancelled", if it has none yet: from then on no other result can be. Whoever holds its
 * message stops and delivers this one. Throws `job-finished`.
 */
export async function cancel(objects: Objects, job: JobIdentity): Promise<void> {
  const xml = buildResponse({
    service: "",
    status: "cancelled",
    messageId: job.id,
    error: { code: "job-cancelled" },
    artifacts: [],
    message: "The job was cancelled by an operator.",
  });
  const put = await objects.put(resultKey(job), xml, {
    contentType: "application/xml; charset=utf-8",
    // Nobody holds the delivery: whoever has the message may take it at once.
    metadata: claimMetadata({ owner: "operator", state: "released", claimS: 0, failures: 0 }),
    condition: "absent",
  });
  if (put.outcome === "exists") {
    const { response } = await pictureOf(objects, job);
    if (response?.status !== "cancelled") {
      throw new DroverError(
        "job-finished",
        `The job ${job.id} has its result already: ${response?.status ?? "unreadable"}.`,
      );
    }
  }
  await objects.put(cancelKey(job), "cancelled\n");
}
