import type { Clock } from "../../base/clock.ts";
import type { HttpRequest, HttpResponse } from "../../base/http.ts";
import type { Host } from "./host.ts";
import type { ServerAnswer } from "./kinds.ts";

/** One request that a client's server got. */
export interface Attempt {
  /** The `webhook-id`: one for each job and generation. */
  id: string;
  host: Host;
  body: string;
  headers: Record<string, string>;
  from: number;
  /** Epoch milliseconds by the clock of the machine that sent it. */
  arrivedAt: number;
  /** When the server had answered, or the connection had ended. */
  until: number;
  /** What the server answered; undefined when the connection ended before. */
  status: number | undefined;
  /** The answer reached the agent, which was there to hear it. */
  heard: boolean;
  /** Milliseconds between the agent's decision to send it and its arrival. */
  heldUpMs: number;
}

const CHUNK_MS = 500;

/** The clients' servers: one for callbacks, one for inputs. Requests are on record from the moment they arrive. */
export class Servers {
  readonly attempts: Attempt[] = [];
  /** Requests for inputs under way, by host. */
  readonly downloading = new Map<Host, number>();
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #answers: { callback: Answers; input: Answers };

  constructor(clock: Clock, answers: { callback: Answers; input: Answers }) {
    this.#clock = clock;
    this.#answers = answers;
  }

  async request(host: Host, request: HttpRequest): Promise<HttpResponse> {
    const { heldUpMs } = host;
    request.signal.throwIfAborted();
    const { pathname, hostname } = new URL(request.url);
    const n = Number(pathname.slice(1));
    if (hostname === "files.example") return await this.#download(host, request, n);
    const id = request.headers["webhook-id"] ?? "";
    const answer = this.#answers.callback(n, this.#count(`callback ${id}`));
    const attempt: Attempt = {
      id,
      host,
      body: Buffer.from(request.body ?? "").toString(),
      headers: request.headers,
      from: this.#clock.monotonic(),
      arrivedAt: host.clock.now(),
      until: Infinity,
      status: undefined,
      heard: false,
      heldUpMs,
    };
    this.attempts.push(attempt);
    try {
      await this.#answered(host, request, answer);
      attempt.status = answer.status ?? 200;
    } finally {
      attempt.until = this.#clock.monotonic();
    }
    return this.#response(host, answer, request.signal, () => {
      attempt.heard = !request.signal.aborted; // who has turned away does not hear
    });
  }

  /** A machine is lost: its connections end. */
  hangUp(host: Host): void {
    for (const it of this.attempts)
      if (it.host === host && it.until === Infinity) it.until = this.#clock.monotonic();
  }

  async #download(host: Host, request: HttpRequest, n: number): Promise<HttpResponse> {
    const answer = this.#answers.input(n, this.#count(`input ${n}`));
    this.downloading.set(host, (this.downloading.get(host) ?? 0) + 1);
    await this.#answered(host, request, { ...answer, silent: false });
    let over = false;
    return this.#response(host, answer, request.signal, () => {
      if (!over) this.downloading.set(host, (this.downloading.get(host) ?? 1) - 1);
      over = true;
    });
  }

  async #answered(host: Host, { signal }: HttpRequest, { afterMs = 0, silent }: ServerAnswer): Promise<void> {
    const either = AbortSignal.any([signal, host.death]);
    if (silent) await this.#clock.sleep(24 * 3_600_000, either);
    else if (afterMs > 0) await this.#clock.sleep(afterMs, either);
  }

  #response(
    host: Host,
    { status = 200, headers = {}, body = "", cut, silent }: ServerAnswer,
    signal: AbortSignal,
    onEnd: () => void,
  ): HttpResponse {
    const clock = this.#clock;
    const content = Buffer.from(body);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      if (silent) await clock.sleep(24 * 3_600_000, AbortSignal.any([signal, host.death]));
      await clock.sleep(CHUNK_MS, signal);
      if (host.dead) await new Promise(() => undefined); // nothing arrives at a machine that is lost
      yield content.subarray(0, cut ? content.length / 2 : content.length);
      onEnd();
    }
    return {
      status,
      headers: { "content-length": String(content.byteLength), ...headers },
      body: chunks(),
      discard: () => Promise.resolve(onEnd()).then(() => undefined),
    };
  }

  #count(what: string): number {
    const before = this.#counts.get(what) ?? 0;
    this.#counts.set(what, before + 1);
    return before;
  }
}

/** @param n the job's number; @param before requests that this server got for it before */
type Answers = (n: number, before: number) => ServerAnswer;
