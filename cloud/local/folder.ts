import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { codeOf, DroverError } from "../../base/errors.ts";
import type { Credentials } from "./signature/verify.ts";

/** What a cloud keeps in its folder besides the database and the objects. */
export interface Secrets extends Credentials {
  /** Key of SQS receipt handles, which must stay good after a restart. */
  receiptKey: string;
}

/** Where the cloud that runs on a folder can be reached. */
export interface EndpointRecord {
  endpoint: string;
  region: string;
  pid: number;
}

const credentialsFile = (dir: string) => join(dir, "credentials.json");
const endpointFile = (dir: string) => join(dir, "endpoint.json");

/** Path of the page that says which folder a cloud runs on; no bucket can have this name. */
export const IDENTITY_PATH = "/_cloud";
const PROBE_TIMEOUT_MS = 2000; // on the loopback an answer takes a few milliseconds

/** The folder's credentials; made on first use, then always the same. Only the owner can read the file. */
export async function loadSecrets(dir: string): Promise<Secrets> {
  const path = credentialsFile(dir);
  const found = await readJson<Secrets>(path);
  if (found !== undefined) return found;
  const secrets: Secrets = {
    accessKeyId: `AKIA${randomBytes(10).toString("hex").slice(0, 16).toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64url"),
    receiptKey: randomBytes(32).toString("base64url"),
  };
  await replace(path, JSON.stringify(secrets, null, 2), 0o600);
  return secrets;
}

export function recordEndpoint(dir: string, record: EndpointRecord): Promise<void> {
  return replace(endpointFile(dir), JSON.stringify(record), 0o644);
}

export async function forgetEndpoint(dir: string): Promise<void> {
  await rm(endpointFile(dir), { force: true });
}

/**
 * The cloud that runs on a folder now, with its credentials. It is asked, not believed: after a kill -9 the record
 * is still there. Throws `cloud-not-running`.
 */
export async function runningCloud(dir: string): Promise<EndpointRecord & { credentials: Credentials }> {
  const record = await readJson<EndpointRecord>(endpointFile(dir));
  const credentials = await readJson<Secrets>(credentialsFile(dir));
  if (record === undefined || credentials === undefined || (await identityOf(record.endpoint)) !== dir) {
    throw new DroverError(
      "cloud-not-running",
      `no cloud runs on ${dir}. Start one: drover cloud --dir ${dir}`,
    );
  }
  return { ...record, credentials };
}

/** The folder of the cloud that answers at an endpoint; undefined when none does. */
function identityOf(endpoint: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request(endpoint + IDENTITY_PATH, { timeout: PROBE_TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => resolve(undefined));
      response.on("end", () => resolve(readIdentity(Buffer.concat(chunks).toString())));
    });
    call.on("timeout", () => call.destroy(new Error("no answer in time")));
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

function readIdentity(text: string): string | undefined {
  try {
    const { dir } = JSON.parse(text) as { dir?: unknown };
    return typeof dir === "string" ? dir : undefined;
  } catch {
    return undefined; // some other program has the port now
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    const hint = "Remove the file, or restore it, and start the cloud again.";
    throw new DroverError("cloud-folder-damaged", `${path} is not JSON. ${hint}`, { cause: error });
  }
}

/** Old or new content, never half of it. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, `${text}\n`, { mode });
  await rename(`${path}.new`, path);
}
