import { createHmac, timingSafeEqual } from "node:crypto";
import { DroverError } from "../base/errors.ts";

/**
 * Checks the signature of a callback as Standard Webhooks defines it.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export interface WebhookCall {
  /** Header names in any case, as node:http, undici or a plain object give them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body exactly as it arrived: the signature covers its bytes. */
  body: Uint8Array | string;
  /** `whsec_…`. Several during a rotation: one that fits is enough. */
  secrets: readonly string[];
  /** Epoch milliseconds. */
  nowMs: number;
}

/** The spec's recommended tolerance: a captured call cannot be replayed later than this. */
const TOLERANCE_S = 300;

/**
 * Returns the call's id, which is the same for every repeat of one callback.
 * @throws DroverError `webhook-header-missing`, `webhook-timestamp-invalid`, `webhook-timestamp-refused`,
 * `webhook-signature-wrong`, or `webhook-secret-invalid` when a secret of ours is not `whsec_` plus base64.
 */
export function checkWebhook({ headers, body, secrets, nowMs }: WebhookCall): {
  id: string;
  sentAtS: number;
} {
  const keys = secrets.map(keyOf);
  const given = lowerCase(headers);
  const id = given["webhook-id"];
  const timestamp = given["webhook-timestamp"];
  const signatures = given["webhook-signature"];
  if (!id || !timestamp || !signatures) {
    const missing = ["webhook-id", "webhook-timestamp", "webhook-signature"].filter((name) => !given[name]);
    throw new DroverError(
      "webhook-header-missing",
      `The call lacks ${missing.join(", ")}. Only signed callbacks are taken: name the webhook secret in the request.`,
    );
  }
  const sentAtS = timeOf(timestamp, nowMs);
  const versionOne = signatures.split(" ").filter((it) => it.startsWith("v1,"));
  const expected = keys.map((key) => signatureOf(key, id, timestamp, body));
  // Every pair is compared, so the time taken says nothing about which one fitted.
  const fits = versionOne.flatMap((it) => expected.map((own) => sameText(it, own)));
  if (!fits.includes(true)) {
    throw new DroverError(
      "webhook-signature-wrong",
      "No signature of the call fits the secret. Check that sender and receiver hold the same secret.",
    );
  }
  return { id, sentAtS };
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw new DroverError(
      "webhook-secret-invalid",
      "A webhook secret is `whsec_` and base64, e.g. the output of: echo whsec_$(openssl rand -base64 32)",
    );
  }
  return Buffer.from(text, "base64");
}

/** @throws DroverError `webhook-secret-invalid` */
export function checkSecret(secret: string): void {
  keyOf(secret);
}

function timeOf(timestamp: string, nowMs: number): number {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new DroverError(
      "webhook-timestamp-invalid",
      "webhook-timestamp is not a number of seconds. Send seconds since 1970 as plain digits.",
    );
  }
  const sentAtS = Number(timestamp);
  const ageS = Math.floor(nowMs / 1000) - sentAtS;
  if (Math.abs(ageS) > TOLERANCE_S) {
    const where = ageS > 0 ? `${ageS} s old` : `${-ageS} s in the future`;
    throw new DroverError(
      "webhook-timestamp-refused",
      `webhook-timestamp is ${where}, more than the ${TOLERANCE_S} s allowed. Check the clocks of both machines.`,
    );
  }
  return sentAtS;
}

function signatureOf(key: Buffer, id: string, timestamp: string, body: Uint8Array | string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function lowerCase(headers: WebhookCall["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" || value === undefined ? value : value.join(" "),
    ]),
  );
}
