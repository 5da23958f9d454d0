import { createHash } from "node:crypto";
import { type Clock, withDeadline, withSignal } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Http } from "../../base/http.ts";
import type { Random } from "../../base/random.ts";
import { retry } from "../../base/retry.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { JobInput } from "../../schemas/request.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import { openHttp, type Source } from "./http.ts";
import { InputFailure, isTransient } from "./input.ts";
import { openS3 } from "./s3.ts";

export interface InputTools {
  clock: Clock;
  random: Random;
  files: Files;
  http: Http;
  objects: Objects;
}

/** An input with its credentials made into the header they become. */
export type AuthorizedInput = JobInput & { basicAuth: string | undefined };

/** Tries within one job; what is still out of reach then comes back with the message's back-off. */
const TRIES = 3;
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 2_000;

/**
 * Streams the input to `path`, within the service's limits on size and time.
 * Resolves to its bytes; throws InputFailure, or the signal's reason.
 */
export async function fetchInput(
  tools: InputTools,
  input: AuthorizedInput,
  limits: ServiceManifest["input"],
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const tooSlow = () =>
    new InputFailure({
      code: "input-too-slow",
      message: `The input did not arrive within ${limits.timeoutS} s, which is this service's limit.`,
    });
  return await withDeadline(
    tools.clock,
    limits.timeoutS * 1000,
    tooSlow,
    (deadline) =>
      retry(
        tools,
        {
          baseMs: RETRY_BASE_MS,
          capMs: RETRY_CAP_MS,
          signal: deadline,
          giveUp: (error, attempt) => attempt + 1 >= TRIES || !isTransient(error),
        },
        () => fetchOnce(tools, input, limits.maxBytes, path, deadline),
      ),
    signal,
  );
}

async function fetchOnce(
  tools: InputTools,
  input: AuthorizedInput,
  maxBytes: number,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const source =
    input.type === "http"
      ? await openHttp(tools.http, input.href, input.basicAuth, signal)
      : await openS3(tools.objects, input.href, signal);
  if (source.bytes !== undefined && source.bytes > maxBytes) {
    await source.discard();
    throw tooLarge(maxBytes, source.bytes);
  }
  const hash = input.sha256 === undefined ? undefined : createHash("sha256");
  const bytes = await tools.files.write(path, bounded(source, maxBytes, hash, signal));
  if (source.bytes !== undefined && bytes !== source.bytes) {
    throw incomplete(`${bytes} of ${source.bytes} bytes arrived`);
  }
  if (hash !== undefined && hash.digest("hex") !== input.sha256) {
    throw incomplete("its SHA-256 is not the one the request names");
  }
  return bytes;
}

async function* bounded(
  source: Source,
  maxBytes: number,
  hash: { update(chunk: Uint8Array): unknown } | undefined,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  const chunks = source.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await next(chunks, signal);
      if (done) return;
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash?.update(value);
      yield value;
    }
  } finally {
    void source.discard(); // an early end must free the connection
  }
}

async function next(
  chunks: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  try {
    return await withSignal(signal, chunks.next()); // not every source heeds the signal once its body flows
  } catch (error) {
    signal.throwIfAborted();
    throw incomplete(reasonOf(error), error);
  }
}

function incomplete(why: string, cause?: unknown): InputFailure {
  return new InputFailure(
    { code: "input-incomplete", message: `The input did not arrive whole: ${why}.` },
    { cause },
  );
}

function tooLarge(maxBytes: number, bytes?: number): InputFailure {
  const size = bytes === undefined ? "larger" : `${bytes} bytes`;
  return new InputFailure({
    code: "input-too-large",
    message: `The input is ${size}; this service takes at most ${maxBytes} bytes.`,
  });
}
