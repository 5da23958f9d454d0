import { createHash, createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface RawRequest {
  method: string;
  /** Percent-encoded path, and the query if any. */
  target: string;
  service: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** What x-amz-content-sha256 says in place of the body's hash. */
  payload?: string;
  /** Milliseconds since the epoch at which it is signed. */
  atMs?: number;
  /** Changes a signed request before it is sent. */
  tamper?: (sent: SentRequest) => void;
}

export interface SentRequest {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  body: string;
}

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** Signs with Signature Version 4, by a few lines that share nothing with any SDK or with the embedded cloud. */
export function signed(endpoint: string, region: string, signer: Signer, wanted: RawRequest): SentRequest {
  const body = Buffer.from(wanted.body ?? "");
  const payload = wanted.payload ?? sha256(body);
  const stamp = new Date(wanted.atMs ?? Date.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = {
    host: new URL(endpoint).host,
    "x-amz-date": stamp,
    "x-amz-content-sha256": payload,
    "content-length": String(body.byteLength),
    ...(signer.sessionToken === undefined ? {} : { "x-amz-security-token": signer.sessionToken }),
    ...wanted.headers,
  };
  const names = Object.keys(headers).toSorted();
  const [path = "", query = ""] = wanted.target.split("?");
  const sorted = query.split("&").filter((it) => it !== "");
  const canonical = [
    wanted.method,
    path,
    sorted
      .map((it) => (it.includes("=") ? it : `${it}=`))
      .toSorted()
      .join("&"),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    payload,
  ].join("\n");
  const scope = `${stamp.slice(0, 8)}/${region}/${wanted.service}/aws4_request`;
  const key = scope
    .split("/")
    .reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${signer.secretAccessKey}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${signer.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const sent = { method: wanted.method, target: wanted.target, headers, body };
  wanted.tamper?.(sent);
  return sent;
}

/** Sends exactly this, paths included, and reads the whole answer. */
export function exchange(
  endpoint: string,
  sent: Partial<SentRequest> & { method: string; target: string },
): Promise<RawAnswer> {
  const { protocol, hostname, port } = new URL(endpoint);
  const start = protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const { method, target: path, headers = {} } = sent;
    const options = { hostname, ...(port === "" ? {} : { port }), method, path, headers, agent: false };
    const call = start(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const found = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        const answered = Object.fromEntries(found) as Record<string, string>;
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: answered, body });
      });
    });
    call.on("error", reject);
    call.end(sent.body);
  });
}

/** The code in an error document. */
export const codeIn = (answer: RawAnswer): string | undefined =>
  /<Code>(.*?)<\/Code>/.exec(answer.body)?.[1] ?? answer.headers["x-amzn-query-error"]?.split(";")[0];
