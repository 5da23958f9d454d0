import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Http } from "../../base/http.ts";
import type { Log } from "../../base/log.ts";

/** What the machine's own metadata service says about its future. */
export type Interruption =
  /** A spot notice: the machine is gone at `at`, epoch milliseconds. */
  | { kind: "notice"; action: string; at: number }
  /** It is at elevated risk of one. */
  | { kind: "rebalance" };

/** EC2 asks to look every five seconds (EC2 user guide, "Spot Instance interruption notices"). */
const PERIOD_MS = 5_000;
const ANSWER_MS = 2_000;
const TOKEN_TTL_S = 21_600;
/** A token is renewed well before it expires. */
const TOKEN_MS = (TOKEN_TTL_S * 1000) / 2;

/**
 * Looks at the instance metadata service (IMDSv2) every five seconds and reports what is new, until the signal aborts.
 * Never rejects: without the service there is nothing to report.
 * @param endpoint such as http://169.254.169.254
 */
export async function watchInterruptions(
  tools: { http: Http; clock: Clock; log: Log },
  endpoint: string,
  report: (interruption: Interruption) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = tools;
  const service = new MetadataService(tools, endpoint);
  let [noticed, rebalanced, silent] = [false, false, false];
  while (!signal.aborted && !noticed) {
    try {
      const notice = parseNotice(await service.read("/latest/meta-data/spot/instance-action"));
      if (notice !== undefined) {
        noticed = true;
        report(notice);
      } else if (!rebalanced && (await service.read("/latest/meta-data/events/recommendations/rebalance"))) {
        rebalanced = true;
        report({ kind: "rebalance" });
      }
      silent = false;
    } catch (error) {
      if (!silent) log.warn("interruption.unknown", { reason: reasonOf(error) });
      silent = true; // said once for each silence
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}

class MetadataService {
  readonly #tools: { http: Http; clock: Clock };
  readonly #endpoint: string;
  #token: { value: string; until: number } | undefined;

  constructor(tools: { http: Http; clock: Clock }, endpoint: string) {
    this.#tools = tools;
    this.#endpoint = endpoint.replace(/\/$/, "");
  }

  /** The document at a path, or undefined when there is none (404). */
  async read(path: string): Promise<string | undefined> {
    const { status, text } = await this.#ask("GET", path, {
      "x-aws-ec2-metadata-token": await this.#freshToken(),
    });
    if (status === 401) this.#token = undefined; // somebody restarted the service
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`the metadata service answered HTTP ${status}`);
    return text;
  }

  async #freshToken(): Promise<string> {
    const now = this.#tools.clock.monotonic();
    if (this.#token !== undefined && now < this.#token.until) return this.#token.value;
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_TTL_S) };
    const { status, text } = await this.#ask("PUT", "/latest/api/token", ttl);
    if (status !== 200) throw new Error(`the metadata service gave no token: HTTP ${status}`);
    this.#token = { value: text, until: now + TOKEN_MS };
    return text;
  }

  async #ask(method: "GET" | "PUT", path: string, headers: Record<string, string>) {
    const deadline = new AbortController();
    const cancel = this.#tools.clock.after(ANSWER_MS, () => deadline.abort(new Error("no answer in time")));
    try {
      const url = this.#endpoint + path;
      const { status, body } = await this.#tools.http.request({
        method,
        url,
        headers,
        signal: deadline.signal,
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { status, text: Buffer.concat(chunks).toString() };
    } finally {
      cancel();
    }
  }
}

function parseNotice(text: string | undefined): Interruption | undefined {
  if (text === undefined) return undefined;
  const { action = "terminate", time } = JSON.parse(text) as { action?: string; time?: string };
  const at = Date.parse(time ?? "");
  if (Number.isNaN(at)) throw new Error("the metadata service's notice has no time");
  return { kind: "notice", action, at };
}
