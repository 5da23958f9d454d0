import { createHmac } from "node:crypto";
import { HttpRequest } from "@smithy/core/protocols";
import type {
  AwsCredentialIdentity,
  HttpRequest as AnyRequest,
  Provider,
  RequestSigner,
  RequestSigningArguments,
} from "@smithy/types";

/**
 * AWS Signature Version 2, the only one that SimpleDB takes: the parameters of the form, sorted, are signed together
 * with method, host and path, and the signature becomes one more parameter
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/HMACAuth.html).
 *
 * Built as the SDK builds its own signers, so that credentials, retries and the correction of a wrong clock are its.
 */
export class SignatureV2 implements RequestSigner {
  readonly #credentials: Provider<AwsCredentialIdentity>;

  constructor({ credentials }: { credentials: AwsCredentialIdentity | Provider<AwsCredentialIdentity> }) {
    this.#credentials = typeof credentials === "function" ? credentials : () => Promise.resolve(credentials);
  }

  /** The request must be a POST whose body is the form, encoded as RFC 3986 wants. Answers a signed copy. */
  async sign(request: AnyRequest, options: RequestSigningArguments = {}): Promise<AnyRequest> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials();
    const signedAt = new Date(options.signingDate ?? new Date()).toISOString();
    const own: Record<string, string> = {
      AWSAccessKeyId: accessKeyId,
      SignatureMethod: "HmacSHA256",
      SignatureVersion: "2",
      Timestamp: `${signedAt.slice(0, 19)}Z`,
      ...(sessionToken === undefined ? {} : { SecurityToken: sessionToken }),
    };
    const pairs = String(request.body ?? "")
      .split("&")
      .filter((pair) => pair !== "" && !pair.startsWith("Signature="));
    for (const [name, value] of Object.entries(own)) pairs.push(`${name}=${percentEncode(value)}`);
    const form = pairs.toSorted(byName).join("&");
    const signature = createHmac("sha256", secretAccessKey)
      .update(`${request.method}\n${hostOf(request)}\n${request.path || "/"}\n${form}`)
      .digest("base64");
    const signed = HttpRequest.clone(request);
    signed.body = `${form}&Signature=${percentEncode(signature)}`;
    signed.headers["content-length"] = String(Buffer.byteLength(signed.body as string));
    return signed;
  }
}

/** As in the Host header: with the port, unless it is the scheme's own. */
function hostOf({ hostname, port, protocol }: AnyRequest): string {
  const usual = protocol === "https:" ? 443 : 80;
  return port === undefined || port === usual ? hostname.toLowerCase() : `${hostname.toLowerCase()}:${port}`;
}

/** Names are letters, digits and dots, so that their order is that of their bytes, encoded or not. */
function byName(a: string, b: string): number {
  const [first = "", second = ""] = [a.split("=", 1)[0], b.split("=", 1)[0]];
  return first < second ? -1 : Number(first > second);
}

/** Everything but RFC 3986's unreserved characters; a space is %20, never +. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
