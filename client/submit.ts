import { fingerprintOf } from "./check.ts";
import type { CheckedJob } from "./check.ts";
import type { ClientPorts } from "./ports.ts";
import { submitOnce } from "./reference.ts";
import type { Submission } from "./reference.ts";

/**
 * Puts the job on the request queue, or finds out that its reference was there before.
 * Resolves once the queue has acknowledged the message: from then on the fleet answers for the job.
 */
export async function submitJob(ports: ClientPorts, job: CheckedJob): Promise<Submission> {
  const { reference } = job.request;
  const send = () => ports.requests.send(job.xml);
  if (reference === undefined) return { messageId: await send(), duplicate: false };
  return await submitOnce(ports, { reference, fingerprint: fingerprintOf(job) }, send);
}
