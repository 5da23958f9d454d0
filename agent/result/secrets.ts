import type { Credentials, WebhookSecret } from "../../schemas/request.ts";

/** Thrown when a request names a secret that the fleet does not hold. */
export class UnknownSecret extends Error {
  override readonly name = "UnknownSecret";
  readonly ref: string;

  constructor(ref: string) {
    super(
      `The fleet holds no secret called ${ref}. Ask its operator, or send the credentials in the request.`,
    );
    this.ref = ref;
  }
}

/** Signs a callback whose request names no secret. */
const DEFAULT_WEBHOOK = "webhook";

/** The secrets that requests may name. Their values leave this class only as headers and signing keys. */
export class Secrets {
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  /** The Authorization header (RFC 7617, UTF-8), or undefined without credentials. Throws UnknownSecret. */
  basicAuth(credentials: Credentials | undefined): string | undefined {
    if (credentials === undefined) return undefined;
    const pair =
      "ref" in credentials ? this.#value(credentials.ref) : `${credentials.username}:${credentials.password}`;
    return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
  }

  /** The key a callback is signed with, or undefined when nobody set one. Throws UnknownSecret. */
  webhookKey(signature: WebhookSecret | undefined): Uint8Array | undefined {
    const secret =
      signature === undefined
        ? this.#values[DEFAULT_WEBHOOK]
        : "ref" in signature
          ? this.#value(signature.ref)
          : signature.secret;
    return secret === undefined ? undefined : Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  }

  holds(ref: string): boolean {
    return Object.hasOwn(this.#values, ref);
  }

  #value(ref: string): string {
    const value = this.holds(ref) ? this.#values[ref] : undefined;
    if (value === undefined) throw new UnknownSecret(ref);
    return value;
  }
}
