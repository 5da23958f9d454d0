import type { JobIdentity } from "../../jobs/identity.ts";
import type { Destination } from "../admit/admit.ts";
import { validate } from "../../schemas/validate.ts";
import type { AgentContext } from "../context.ts";
import type { Delivery } from "./callback.ts";
import { deliver, type Parcel } from "./deliver.ts";

/** Time for the answer's way back before the claim runs out. */
const CLAIM_MARGIN_MS = 500;

/**
 * One delivery under a claim, over before the claim is. Undefined when the claim leaves no time for it. Rejects only
 * with the signal's reason.
 * @param until monotonic milliseconds at which the claim ends
 */
export async function offer(
  context: AgentContext,
  parcel: Parcel,
  until: number,
  signal: AbortSignal,
): Promise<Delivery | undefined> {
  const { activity, clock, settings } = context;
  const leftMs = until - clock.monotonic() - CLAIM_MARGIN_MS;
  if (leftMs <= 0) return undefined;
  const delivery = await deliver(context, parcel, Math.min(settings.callbackTimeoutS * 1000, leftMs), signal);
  const { job, service, status, output, xml } = parcel;
  const to = output.type;
  if (delivery.ok) activity.record("delivered", { job: job.id, service, status, bytes: xml.byteLength, to });
  else activity.record("delivery-failed", { job: job.id, service, to, reason: delivery.reason });
  return delivery;
}

/** A committed result as it is delivered. Our own documents are always valid; anything else is a broken store. */
export function parcelOf(job: JobIdentity, xml: Uint8Array, output: Destination): Parcel {
  const verdict = validate("response", xml);
  if (!verdict.ok) {
    throw new Error(`the stored result of ${job.id} is not a response: ${verdict.problems[0].message}`);
  }
  const { service, status, artifacts } = verdict.value;
  return { job, xml, output, service, status, artifacts };
}
