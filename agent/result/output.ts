import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Files } from "../../base/files.ts";
import type { Random } from "../../base/random.ts";
import { retry } from "../../base/retry.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { Failure } from "../../jobs/failure.ts";
import type { JobIdentity } from "../../jobs/identity.ts";
import { artifactKey } from "../../jobs/keys.ts";
import { rawOutputOf } from "../../schemas/raw-output.ts";
import type { Artifact, JobResponse } from "../../schemas/response.ts";
import type { ServiceManifest } from "../../schemas/service.ts";

/** What a program's run becomes in the response document. */
export type Output =
  | { ok: true; rawOutput?: JobResponse["rawOutput"]; artifacts: readonly Artifact[] }
  | { ok: false; failure: Failure };

export interface OutputTools {
  files: Files;
  objects: Objects;
  clock: Clock;
  random: Random;
}

const UPLOAD_RETRIES = 8;

/** More than this of stdout is kept as an artifact: SQS carries 1 MiB in all. */
const INLINE_BYTES = 256 * 1024;
/** Bounds the response document, which must fit into one message. */
const MOST_ARTIFACTS = 100;
/** Names that no file system, URL or header reads differently. */
const NAME = /^[\w+@-][\w.+@-]*(\/[\w+@-][\w.+@-]*)*$/;
const LONGEST_NAME = 200;

const TYPES: Record<string, string> = {
  json: "application/json",
  xml: "application/xml",
  txt: "text/plain; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  html: "text/html; charset=utf-8",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  mp4: "video/mp4",
  webm: "video/webm",
  wav: "audio/wav",
  zip: "application/zip",
};

/** Uploads what must be kept beside the document, under the attempt's id, and says what the document holds. */
export async function collectOutput(
  tools: OutputTools,
  run: { stdout: Uint8Array; truncated: boolean },
  manifest: ServiceManifest,
  outputDir: string | undefined,
  attempt: { job: JobIdentity; attemptId: string; signal: AbortSignal },
): Promise<Output> {
  const artifacts: Artifact[] = [];
  if (outputDir !== undefined) {
    const found = await tools.files.list(outputDir, { deep: true });
    const failure = objection(found, manifest);
    if (failure !== undefined) return { ok: false, failure };
    for (const { name, kind, bytes } of found) {
      if (kind !== "file") continue;
      attempt.signal.throwIfAborted();
      const upload = () => uploadFile(tools, `${outputDir}/${name}`, name, bytes, attempt);
      artifacts.push(await again(tools, attempt.signal, upload));
    }
  }
  if (run.stdout.byteLength <= INLINE_BYTES) {
    return { ok: true, rawOutput: rawOutputOf(run.stdout, run.truncated), artifacts };
  }
  const name = freeName(manifest.result.kind === "json" ? "stdout.json" : "stdout.txt", artifacts);
  artifacts.push(
    await again(tools, attempt.signal, () => uploadBytes(tools.objects, name, run.stdout, attempt)),
  );
  if (!run.truncated) return { ok: true, artifacts };
  return { ok: true, rawOutput: { encoding: "none", content: "", truncated: true }, artifacts };
}

/** The program may have called one of its own files so. */
function freeName(name: string, taken: readonly Artifact[]): string {
  return taken.some((it) => it.name === name) ? freeName(`drover-${name}`, taken) : name;
}

/** A long run is not thrown away for a hiccup of the store. Bounded by the lease, through the signal. */
function again<T>(tools: OutputTools, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return retry(
    tools,
    { baseMs: 200, capMs: 5_000, signal, giveUp: (_, attempt) => attempt >= UPLOAD_RETRIES },
    work,
  );
}

function objection(
  found: readonly { name: string; kind: string; bytes: number }[],
  manifest: ServiceManifest,
): Failure | undefined {
  const files = found.filter((it) => it.kind !== "folder");
  const link = files.find((it) => it.kind === "other");
  if (link !== undefined) return invalid(`its output folder holds something that is not a plain file`);
  if (files.some(({ name }) => name.length > LONGEST_NAME || !NAME.test(name))) {
    return invalid("an output file has a name of other characters than letters, digits and _ . + @ -");
  }
  if (files.length > MOST_ARTIFACTS) return invalid(`it wrote more than ${MOST_ARTIFACTS} files`);
  const bytes = files.reduce((sum, it) => sum + it.bytes, 0);
  if (bytes <= manifest.result.maxBytes) return undefined;
  return {
    code: "output-too-large",
    message: `The program wrote ${bytes} bytes of files; its service allows ${manifest.result.maxBytes}.`,
  };
}

function invalid(why: string): Failure {
  return { code: "output-invalid", message: `The program's output cannot be used: ${why}.` };
}

async function uploadFile(
  { files, objects }: OutputTools,
  path: string,
  name: string,
  bytes: number,
  { job, attemptId, signal }: { job: JobIdentity; attemptId: string; signal: AbortSignal },
): Promise<Artifact> {
  const key = artifactKey(job, attemptId, name);
  const type = typeOf(name);
  const hash = createHash("sha256");
  await objects.putStream(key, hashing(files.readStream(path), hash), { bytes, contentType: type, signal });
  return { name, href: `s3://${objects.bucket}/${key}`, bytes, sha256: hash.digest("hex"), type };
}

async function uploadBytes(
  objects: Objects,
  name: string,
  content: Uint8Array,
  { job, attemptId }: { job: JobIdentity; attemptId: string },
): Promise<Artifact> {
  const key = artifactKey(job, attemptId, name);
  const type = typeOf(name);
  await objects.put(key, content, { contentType: type });
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { name, href: `s3://${objects.bucket}/${key}`, bytes: content.byteLength, sha256, type };
}

async function* hashing(
  chunks: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}
