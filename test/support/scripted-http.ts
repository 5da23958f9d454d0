import type { Clock } from "../../base/clock.ts";
import type { Http, HttpRequest } from "../../base/http.ts";

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** The head of the answer comes after this long. */
  afterMs?: number;
}

/** Servers that exist on paper only. A request is on record from the moment the server has all of it. */
export interface ScriptedHttp extends Http {
  readonly requests: readonly HttpRequest[];
  /** The status each request was answered with, in the same order. */
  readonly answers: readonly number[];
  /** How often two requests were under way at the same time. */
  readonly overlaps: number;
}

/** @param script what it throws, the request rejects with: nothing was received then */
export function createScriptedHttp(
  clock: Clock,
  script: (request: HttpRequest, n: number) => Answer,
): ScriptedHttp {
  const requests: HttpRequest[] = [];
  const answers: number[] = [];
  let open = 0;
  let overlaps = 0;
  return {
    requests,
    answers,
    get overlaps() {
      return overlaps;
    },
    request: async (request) => {
      await Promise.resolve();
      request.signal.throwIfAborted();
      const { status = 200, headers = {}, body = "", afterMs = 0 } = script(request, requests.length);
      requests.push(request);
      answers.push(status);
      if (open > 0) overlaps++;
      open++;
      try {
        if (afterMs > 0) await clock.sleep(afterMs, request.signal);
      } finally {
        open--;
      }
      const chunk = Buffer.from(body);
      return {
        status,
        headers: { "content-length": String(chunk.byteLength), ...headers },
        body: (async function* chunks() {
          yield chunk;
        })(),
        discard: () => Promise.resolve(),
      };
    },
  };
}
