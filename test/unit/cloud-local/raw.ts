import { createHash, createHmac } from "node:crypto";
import { request, type Agent } from "node:http";

export interface RawRequest {
  method: string;
  /** Percent-encoded path, and the query if any. */
  target: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  service?: string;
  /** Changes what was signed before it is sent: a request tampered with on its way. */
  tamper?: (sent: Sent) => void;
  /** Milliseconds since the epoch at which it is signed. */
  at?: number;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Keeps connections open between requests; by default each has its own. */
  agent?: Agent;
  /** What to sign in place of the body's hash. */
  payload?: string;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

interface Signable {
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

interface Sent {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** Sends a request signed by a signer of our own, so that nothing of the cloud's checks itself. */
export function raw(cloud: Signable, wanted: RawRequest): Promise<RawAnswer> {
  const sent = signed(cloud, wanted);
  wanted.tamper?.(sent);
  return exchange(cloud.endpoint, sent, wanted.agent);
}

/** The same as it goes over the wire, header values in UTF-8. */
export function rawBytes(cloud: Signable, wanted: RawRequest): Buffer {
  const { method, target, headers, body } = signed(cloud, wanted);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}

function signed(cloud: Signable, wanted: RawRequest): Sent {
  const { host } = new URL(cloud.endpoint);
  const body = Buffer.from(wanted.body ?? "");
  const payload = wanted.payload ?? sha256(body);
  const stamp = new Date(wanted.at ?? Date.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = {
    host,
    "x-amz-date": stamp,
    "x-amz-content-sha256": payload,
    "content-length": String(body.byteLength),
    ...wanted.headers,
  };
  const names = Object.keys(headers).toSorted();
  const [path = "", query = ""] = wanted.target.split("?");
  const sortedQuery = query
    .split("&")
    .filter((it) => it !== "")
    .map((it) => (it.includes("=") ? it : `${it}=`))
    .toSorted()
    .join("&");
  const canonical = [
    wanted.method,
    path,
    sortedQuery,
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    payload,
  ].join("\n");
  const { accessKeyId, secretAccessKey } = wanted.credentials ?? cloud.credentials;
  const scope = `${stamp.slice(0, 8)}/us-east-1/${wanted.service ?? "s3"}/aws4_request`;
  const key = scope
    .split("/")
    .reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { method: wanted.method, target: wanted.target, headers, body };
}

/** Sends exactly this, and reads the whole answer. */
export function exchange(
  endpoint: string,
  sent: { method: string; target: string; headers?: Record<string, string>; body?: Buffer },
  agent?: Agent,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const options = {
      hostname,
      port,
      method: sent.method,
      path: sent.target,
      headers: sent.headers ?? {},
      agent: agent ?? false,
    };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const found = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(found) as Record<string, string>,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    call.on("error", reject);
    call.end(sent.body);
  });
}

/** The code of an S3 error document, or of an SQS JSON error. */
export const errorCode = (answer: RawAnswer) =>
  /<Code>(.*?)<\/Code>/.exec(answer.body)?.[1] ?? answer.headers["x-amzn-query-error"]?.split(";")[0];
