import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { sameSignature } from "../signature/verify.ts";

const MAX_TTL_S = 21_600; // six hours

/** Session tokens of IMDSv2: good for one instance, and for as long as was asked. */
export class Tokens {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token for a lifetime as the header says it; undefined when that is no number from 1 to 21,600. */
  issue(ttl: string | undefined): string | undefined {
    const ttlS = Number(ttl);
    if (!/^\d{1,5}$/.test(ttl ?? "") || ttlS < 1 || ttlS > MAX_TTL_S) return undefined;
    const fields = `${this.#clock.now() + ttlS * 1000}.${randomBytes(9).toString("base64url")}`;
    return Buffer.from(`${fields}.${this.#mac(fields)}`).toString("base64");
  }

  /** Seconds that a token is still good for; 0 when it is not. */
  remainingS(token: string | undefined): number {
    const [until = "", nonce = "", mac = ""] = Buffer.from(token ?? "", "base64")
      .toString()
      .split(".");
    if (!sameSignature(mac, this.#mac(`${until}.${nonce}`))) return 0;
    return Math.max(0, Math.ceil((Number(until) - this.#clock.now()) / 1000));
  }

  #mac(fields: string): string {
    return createHmac("sha256", this.#key).update(fields).digest("base64url");
  }
}
