import { createHmac } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import type { RequestHead } from "../http/head.ts";
import { awsEncode } from "../signature/canonical.ts";
import { SignatureFault } from "../signature/fault.ts";
import { type CredentialSource, type Credentials, sameSignature } from "../signature/verify.ts";
import type { Parameters } from "./parameters.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

/** AWS takes a Timestamp for 15 minutes, and one as far in the future. */
const MAX_SKEW_MS = 15 * 60 * 1000;
const HASHES: Record<string, string> = { HmacSHA256: "sha256", HmacSHA1: "sha1" };

/**
 * Signature Version 2, which stands among the parameters
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/HMACAuth.html). Throws SignatureFault.
 */
export class VerifierV2 {
  readonly #find: CredentialSource;
  readonly #clock: Clock;

  constructor(find: CredentialSource, clock: Clock) {
    this.#find = find;
    this.#clock = clock;
  }

  verify(head: RequestHead, pairs: Pairs, parameters: Parameters): void {
    const need = (name: string) => {
      const value = parameters.optionalText(name);
      if (value !== undefined && value !== "") return value;
      throw new SignatureFault(
        "missing",
        `AWS was not able to authenticate the request: ${name} is missing.`,
      );
    };
    const accessKeyId = need("AWSAccessKeyId");
    const given = need("Signature");
    const version = need("SignatureVersion");
    if (version !== "2") {
      throw new SignatureFault(
        "malformed-query",
        `Value (${version}) for parameter SignatureVersion is invalid.`,
      );
    }
    const method = need("SignatureMethod");
    const hash = HASHES[method];
    if (hash === undefined) {
      throw new SignatureFault(
        "malformed-query",
        `Value (${method}) for parameter SignatureMethod is invalid.`,
      );
    }
    const credentials = this.#find(accessKeyId);
    if (credentials === undefined) {
      throw new SignatureFault(
        "unknown-key",
        "The AWS Access Key Id you provided does not exist in our records.",
      );
    }
    const expected = createHmac(hash, credentials.secretAccessKey)
      .update(stringToSign(head, pairs))
      .digest("base64");
    if (!sameSignature(expected, given)) {
      throw new SignatureFault(
        "mismatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
      );
    }
    this.#checkTime(parameters);
    this.#checkToken(parameters, credentials);
  }

  #checkToken(parameters: Parameters, { sessionToken, expiresMs }: Credentials): void {
    if ((parameters.optionalText("SecurityToken") ?? "") !== (sessionToken ?? "")) {
      throw new SignatureFault("invalid-token", "The provided token is malformed or otherwise invalid.");
    }
    if (expiresMs !== undefined && this.#clock.now() >= expiresMs) {
      throw new SignatureFault("expired-token", "The provided token has expired.");
    }
  }

  #checkTime(parameters: Parameters): void {
    const name = parameters.optionalText("Expires") === undefined ? "Timestamp" : "Expires";
    const text = parameters.optionalText(name);
    if (text === undefined) {
      throw new SignatureFault("missing", "The request must contain either Timestamp or Expires.");
    }
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(text)
      ? Date.parse(text)
      : Number.NaN;
    if (Number.isNaN(time)) {
      throw new SignatureFault("malformed-query", `Value (${text}) for parameter ${name} is invalid.`);
    }
    const now = this.#clock.now();
    const past = name === "Expires" ? 0 : MAX_SKEW_MS;
    if (now > time + past || (name === "Timestamp" && time > now + MAX_SKEW_MS)) {
      throw new SignatureFault("expired", `Request has expired. ${name} date is ${text}.`);
    }
  }
}

function stringToSign(head: RequestHead, pairs: Pairs): string {
  const form = pairs
    .filter(([name]) => name !== "Signature")
    .map(([name, value]) => [Buffer.from(name), `${awsEncode(name)}=${awsEncode(value)}`] as const)
    .toSorted(([a], [b]) => Buffer.compare(a, b))
    .map(([, pair]) => pair)
    .join("&");
  const host = (head.headers.get("host") ?? "").toLowerCase();
  return `${head.method}\n${host}\n${head.rawPath || "/"}\n${form}`;
}
