import { withDeadline, withSignal } from "../../base/clock.ts";
import { codeOf, DroverError, reasonOf } from "../../base/errors.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { type JobIdentity, IDENTITY_ATTRIBUTE, signIdentity } from "../../jobs/identity.ts";
import type { Artifact, JobResponse } from "../../schemas/response.ts";
import type { Destination } from "../admit/admit.ts";
import type { AgentContext } from "../context.ts";
import { type Delivery, postCallback } from "./callback.ts";
import { UnknownSecret } from "./secrets.ts";

/** A committed result on its way to the client. */
export interface Parcel {
  job: JobIdentity;
  /** The bytes of the response document as they lie in S3: every delivery carries exactly these. */
  xml: Uint8Array;
  output: Destination;
  service: string;
  status: JobResponse["status"];
  artifacts: readonly Artifact[];
}

const LINK_EXPIRES_S = 24 * 3_600;
/** Each signed link is about half a kilobyte, and many servers take 8 KiB of headers. */
const MOST_LINKS = 8;
const NEWER_OUTPUT =
  "The request names an output of a newer contract, which this agent does not know; a newer one must deliver it.";

/**
 * One try to hand the result over, over in `timeoutMs` whatever it meets, since the claim to deliver ends soon after.
 * Rejects only with the signal's reason.
 */
export async function deliver(
  context: AgentContext,
  parcel: Parcel,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Delivery> {
  const seconds = Math.round(timeoutMs / 1000);
  const tooLate = () =>
    new DroverError("delivery-timeout", `The receiver did not answer within ${seconds} s.`);
  const until = context.clock.monotonic() + timeoutMs;
  // A process that was stopped for a while meets its overdue timers late: the clock itself is asked.
  const beforeEffect = () => {
    if (context.clock.monotonic() >= until) throw tooLate();
  };
  try {
    return await withDeadline(
      context.clock,
      timeoutMs,
      tooLate,
      (deadline) => withSignal(deadline, handOver(context, parcel, beforeEffect, deadline)),
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    const refused = error instanceof UnknownSecret || codeOf(error) === "address-refused";
    return { ok: false, refused, reason: reasonOf(error) };
  }
}

async function handOver(
  context: AgentContext,
  parcel: Parcel,
  beforeEffect: () => void,
  signal: AbortSignal,
): Promise<Delivery> {
  switch (parcel.output.type) {
    case "store":
      return { ok: true }; // the commit was the delivery
    case "unknown":
      return { ok: false, refused: false, reason: NEWER_OUTPUT };
    case "queue":
      return await sendToQueue(context, parcel, parcel.output.href, beforeEffect);
    case "callback": {
      const { href, credentials, signature } = parcel.output;
      const basicAuth = context.secrets.basicAuth(credentials);
      const key = context.secrets.webhookKey(signature);
      const link = await linksOf(context.objects, parcel.artifacts);
      const callback = { href, job: parcel.job, body: parcel.xml, basicAuth, key, link };
      beforeEffect();
      return await postCallback(context, callback, signal);
    }
  }
}

async function sendToQueue(
  context: AgentContext,
  parcel: Parcel,
  href: string | undefined,
  beforeEffect: () => void,
): Promise<Delivery> {
  const { responses, requests, deliveries, dead } = context.queues;
  if (href !== undefined && !sameAccount(href, responses.url)) {
    return { ok: false, refused: true, reason: "The response queue is not one of this fleet's account." };
  }
  if ([requests, deliveries, dead].some(({ url }) => url === href)) {
    return { ok: false, refused: true, reason: "The response queue is one that the fleet uses itself." };
  }
  const queue = href === undefined ? responses : await context.openQueue(href);
  const body = new TextDecoder().decode(parcel.xml);
  const link = await linksOf(context.objects, parcel.artifacts);
  beforeEffect();
  await queue.send(body, {
    attributes: {
      messageId: parcel.job.id,
      status: parcel.status,
      ...(parcel.service === "" ? {} : { service: parcel.service }),
      ...(link === undefined ? {} : { link }),
      [IDENTITY_ATTRIBUTE]: signIdentity(parcel.job, body, context.fleetKey),
    },
  });
  return { ok: true };
}

/** Queue URLs of one account differ in their last segment only: nobody can aim our answers at somebody else's queue. */
function sameAccount(url: string, own: string): boolean {
  return url.slice(0, url.lastIndexOf("/")) === own.slice(0, own.lastIndexOf("/"));
}

/** Signed download addresses as a Link header (RFC 8288). They expire, so they never stand in the document. */
async function linksOf(objects: Objects, artifacts: readonly Artifact[]): Promise<string | undefined> {
  if (artifacts.length === 0) return undefined;
  const links = artifacts.slice(0, MOST_LINKS).map(async ({ name, href }) => {
    const url = await objects.presignGet(href.slice(`s3://${objects.bucket}/`.length), LINK_EXPIRES_S);
    return `<${url}>; rel="item"; title="${name}"`;
  });
  return (await Promise.all(links)).join(", ");
}
