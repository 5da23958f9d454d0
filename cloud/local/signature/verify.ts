import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import type { RequestHead } from "../http/head.ts";
import { canonicalRequest } from "./canonical.ts";
import type { Claim } from "./claim.ts";
import { SignatureFault } from "./fault.ts";
import { SigningKey } from "./signing-key.ts";

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Temporary credentials have one, and every request must carry it. */
  sessionToken?: string;
  /** When temporary credentials end, milliseconds since the epoch. */
  expiresMs?: number;
}

/** The credentials with this access key id; undefined when there are none. */
export type CredentialSource = (accessKeyId: string) => Credentials | undefined;

/** What a verified request leaves behind for the signatures of its body's chunks. */
export interface Verified {
  signingKey: SigningKey;
  signedAt: string;
  scope: string;
  signature: string;
}

/** AWS accepts a request whose date is within 15 minutes of its own clock. */
const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_CACHED_KEYS = 64; // credentials × days × services actually used: a handful

/** Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). */
export class Verifier {
  /** Where credentials are looked up. */
  readonly find: CredentialSource;
  readonly #region: string;
  readonly #clock: Clock;
  readonly #keys = new Map<string, SigningKey>();

  /** `credentials`: one pair, or where to look for many. */
  constructor(credentials: Credentials | CredentialSource, region: string, clock: Clock) {
    this.find =
      typeof credentials === "function"
        ? credentials
        : (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined);
    this.#region = region;
    this.#clock = clock;
  }

  /**
   * `payloadHash` is the last line of the canonical request: a hash in hexadecimal, or one of S3's words for
   * bodies that are signed otherwise. Throws SignatureFault.
   */
  verify(head: RequestHead, claim: Claim, payloadHash: string): Verified {
    const credentials = this.find(claim.accessKeyId);
    if (credentials === undefined) {
      throw new SignatureFault("unknown-key", "The access key id does not exist in this cloud.", {
        AWSAccessKeyId: claim.accessKeyId,
      });
    }
    this.#checkScope(claim);
    this.#checkTime(claim);
    this.#checkToken(claim, credentials);
    checkCoverage(head, claim);
    const scope = `${claim.day}/${claim.region}/${claim.service}/aws4_request`;
    const request = canonicalRequest(head, claim, payloadHash);
    const signingKey = this.#signingKey(claim, credentials);
    for (const bytes of readings(request)) {
      const text = `AWS4-HMAC-SHA256\n${claim.signedAt}\n${scope}\n${hash("sha256", bytes, "hex")}`;
      if (sameSignature(signingKey.sign(text), claim.signature)) {
        return { signingKey, signedAt: claim.signedAt, scope, signature: claim.signature };
      }
    }
    throw new SignatureFault(
      "mismatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      { AWSAccessKeyId: claim.accessKeyId, SignatureProvided: claim.signature, CanonicalRequest: request },
    );
  }

  #checkScope(claim: Claim): void {
    const kind = claim.expiresS === undefined ? "malformed" : "malformed-query";
    if (claim.region !== this.#region) {
      // Clients that were given another region read the right one here and try again.
      throw new SignatureFault(kind, `The region '${claim.region}' is wrong; expecting '${this.#region}'.`, {
        Region: this.#region,
      });
    }
    if (claim.day !== claim.signedAt.slice(0, 8)) {
      throw new SignatureFault(kind, "The credential's date is not the date of the request.");
    }
  }

  #checkTime(claim: Claim): void {
    const signedMs = momentOf(claim.signedAt);
    const now = this.#clock.now();
    if (Number.isNaN(signedMs)) throw new SignatureFault("malformed", "The signing date does not exist.");
    if (claim.expiresS === undefined) {
      if (Math.abs(now - signedMs) <= MAX_SKEW_MS) return;
      throw new SignatureFault(
        "skewed",
        "The difference between the request time and the current time is too large.",
      );
    }
    if (signedMs - now > MAX_SKEW_MS) throw new SignatureFault("expired", "Request is not valid yet");
    if (now > signedMs + claim.expiresS * 1000) throw new SignatureFault("expired", "Request has expired");
  }

  #checkToken(claim: Claim, { sessionToken, expiresMs }: Credentials): void {
    const none = claim.sessionToken === undefined && sessionToken === undefined;
    if (!none && !sameSignature(claim.sessionToken ?? "", sessionToken ?? "")) {
      throw new SignatureFault("invalid-token", "The provided token is malformed or otherwise invalid.");
    }
    if (expiresMs !== undefined && this.#clock.now() >= expiresMs) {
      throw new SignatureFault("expired-token", "The provided token has expired.");
    }
  }

  #signingKey(claim: Claim, credentials: Credentials): SigningKey {
    const name = `${claim.accessKeyId}/${claim.day}/${claim.region}/${claim.service}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const parts = [claim.day, claim.region, claim.service, "aws4_request"];
    const secret = Buffer.from(`AWS4${credentials.secretAccessKey}`);
    const key = new SigningKey(parts.reduce<Buffer>(hmac, secret));
    if (this.#keys.size >= MAX_CACHED_KEYS) this.#keys.clear();
    this.#keys.set(name, key);
    return key;
  }
}

/** Of YYYYMMDD'T'HHMMSS'Z', milliseconds since the epoch; NaN when there is no such moment. */
function momentOf(text: string): number {
  const day = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`;
  return Date.parse(`${day}T${text.slice(9, 11)}:${text.slice(11, 13)}:${text.slice(13, 15)}Z`);
}

const outsideAscii = /\P{ASCII}/u;

/**
 * The bytes a canonical request may stand for. Node hands header values over as Latin-1. Who sent UTF-8 has signed
 * those bytes; the JavaScript SDK sends Latin-1 and signs UTF-8. Both prove the key, so both are accepted.
 */
function readings(request: string): (string | Buffer)[] {
  return outsideAscii.test(request) ? [Buffer.from(request, "latin1"), request] : [request];
}

/** A header that AWS acts on must be signed, or someone on the way could add it. */
function checkCoverage(head: RequestHead, claim: Claim): void {
  if (!claim.signedHeaders.includes("host")) {
    throw new SignatureFault("unsigned-header", "The host header must be signed.");
  }
  for (const name of head.headers.keys()) {
    if (name.startsWith("x-amz-") && !claim.signedHeaders.includes(name)) {
      throw new SignatureFault(
        "unsigned-header",
        `There were headers present in the request which were not signed: ${name}`,
      );
    }
  }
}

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** Compares two signatures in a time that does not tell where they differ. */
export function sameSignature(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.byteLength === y.byteLength && timingSafeEqual(x, y);
}
