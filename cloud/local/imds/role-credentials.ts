import type { Clock } from "../../../base/clock.ts";
import type { Instance } from "./instance.ts";
import type { Sessions, TemporaryCredentials } from "./sessions.ts";
import { wholeSeconds } from "./tree.ts";

/** Role credentials of one instance, renewed long before they end, as EC2 does. */
export class RoleCredentials {
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  #current: { role: string; renewMs: number; issued: Promise<[TemporaryCredentials, number]> } | undefined;

  constructor(sessions: Sessions, clock: Clock) {
    this.#sessions = sessions;
    this.#clock = clock;
  }

  /** The next request gets new ones; those given out stay good until they end. */
  rotate(): void {
    this.#current = undefined;
  }

  /** The document that SDKs read. */
  async document({ role, credentialLifetimeS }: Instance): Promise<string> {
    const now = this.#clock.now();
    if (this.#current === undefined || this.#current.role !== role || now >= this.#current.renewMs) {
      const lifetimeMs = credentialLifetimeS * 1000;
      const issued = this.#sessions
        .issue(lifetimeMs)
        .then((made): [TemporaryCredentials, number] => [made, now]);
      issued.catch(() => this.rotate());
      this.#current = { role: role ?? "", renewMs: now + lifetimeMs / 2, issued };
    }
    const [{ accessKeyId, secretAccessKey, sessionToken, expiresMs }, issuedMs] = await this.#current.issued;
    const document = {
      Code: "Success",
      LastUpdated: wholeSeconds(issuedMs),
      Type: "AWS-HMAC",
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: wholeSeconds(expiresMs),
    };
    return JSON.stringify(document, null, 2);
  }
}
