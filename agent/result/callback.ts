import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Http } from "../../base/http.ts";
import type { JobIdentity } from "../../jobs/identity.ts";

/** What became of one try to deliver. */
export type Delivery =
  | { ok: true }
  /** `refused`: this receiver will hardly take it. `gone`: it said so for good (410). */
  | { ok: false; refused: boolean; gone?: boolean; reason: string; retryAfterS?: number };

export interface Callback {
  href: string;
  job: JobIdentity;
  body: Uint8Array;
  basicAuth: string | undefined;
  /** What it is signed with; unsigned when nobody set a secret. */
  key: Uint8Array | undefined;
  /** A Link header with signed download addresses of the artifacts. */
  link: string | undefined;
}

/** A receiver that asks for more gets this much. */
export const LONGEST_RETRY_AFTER_S = 3_600;

/** The stable id of a job's callback: every repeat has the same one. */
export function webhookId({ id, generation }: JobIdentity): string {
  return generation === 0 ? id : `${id}.g${generation}`;
}

/**
 * One POST of the response document, signed as Standard Webhooks asks
 * (https://www.standardwebhooks.com: HMAC-SHA256 over `id.timestamp.body`). 2xx is delivered; anything else is not.
 * Rejects when there is no answer, or with the signal's reason.
 */
export async function postCallback(
  { http, clock }: { http: Http; clock: Clock },
  callback: Callback,
  signal: AbortSignal,
): Promise<Delivery> {
  const { href: url, body } = callback;
  const headers = headersOf(callback, Math.floor(clock.now() / 1000));
  const answer = await http.request({ method: "POST", url, headers, body, signal });
  void answer.discard(); // the status says it all; a body that never ends must not undo it
  return deliveryOf(answer.status, answer.headers["retry-after"], clock.now());
}

function headersOf(callback: Callback, timestampS: number): Record<string, string> {
  const id = webhookId(callback.job);
  const headers: Record<string, string> = {
    "content-type": "application/xml; charset=utf-8",
    "user-agent": "Drover",
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
  };
  if (callback.basicAuth !== undefined) headers["authorization"] = callback.basicAuth;
  if (callback.link !== undefined) headers["link"] = callback.link;
  if (callback.key !== undefined) {
    const mac = createHmac("sha256", callback.key).update(`${id}.${timestampS}.`).update(callback.body);
    headers["webhook-signature"] = `v1,${mac.digest("base64")}`;
  }
  return headers;
}

function deliveryOf(status: number, retryAfter: string | undefined, nowMs: number): Delivery {
  if (status >= 200 && status < 300) return { ok: true };
  const reason = `The callback answered HTTP ${status}.`;
  // 408, 425 and 429 mean "later"; the other 4xx and redirects mean that this address will not take it.
  const refused = status < 500 && ![408, 425, 429].includes(status);
  const retryAfterS = retryAfter === undefined ? undefined : retryAfterOf(retryAfter, nowMs);
  return {
    ok: false,
    refused,
    gone: status === 410,
    reason,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3); undefined when it is neither. */
function retryAfterOf(value: string, nowMs: number): number | undefined {
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - nowMs) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(LONGEST_RETRY_AFTER_S, Math.max(0, Math.ceil(seconds)));
}
