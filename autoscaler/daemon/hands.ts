import { codeOf, reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Compute, LaunchResult } from "../../cloud/ports/compute.ts";
import type { Ledgers, PoolLedger } from "./pool-ledger.ts";
import type { Intent } from "./record.ts";

type LaunchIntent = Extract<Intent, { kind: "launch" }>;

export interface HandsTools {
  compute: Pick<Compute, "launch" | "terminate">;
  log: Log;
  ledgers: Ledgers;
  /** Asked before each call. */
  mayAct: () => boolean;
  onLaunched: (intent: LaunchIntent, result: LaunchResult) => void;
}

/**
 * Does what is written down as intended, each intent by one call at a time and again until it has had its answer. Calls
 * hold up nobody: decisions go on meanwhile, and count what is on its way. A repeated launch carries the same token, so that
 * it launches nothing twice, whoever repeats it.
 */
export class Hands {
  readonly #tools: HandsTools;
  readonly #busy = new Map<string, Promise<void>>();

  constructor(tools: HandsTools) {
    this.#tools = tools;
  }

  perform(intents: readonly Intent[]): void {
    for (const intent of intents) {
      if (intent.kind === "launch" && intent.ids === undefined) {
        this.#once(intent.token, () => this.#launch(intent));
      } else if (intent.kind === "terminate") {
        this.#once(`end ${intent.ids.join(" ")}`, () => this.#tools.compute.terminate(intent.ids));
      }
    }
  }

  /** Resolves when no call is under way. */
  async rest(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  #once(key: string, work: () => Promise<void>): void {
    if (this.#busy.has(key) || !this.#tools.mayAct()) return;
    const call = work()
      .catch((error: unknown) => {
        // Its intent stays: the next round tries again.
        this.#tools.log.warn("scaler.call-failed", { call: key, reason: reasonOf(error) });
      })
      .finally(() => this.#busy.delete(key));
    this.#busy.set(key, call);
  }

  async #launch(intent: LaunchIntent): Promise<void> {
    const { log, ledgers, onLaunched } = this.#tools;
    const { token } = intent;
    const ledger = ledgers.get(intent.pool);
    if (ledger === undefined) {
      // Somebody has taken the pool out of the settings since the intent was written down.
      log.warn("scaler.pool-unknown", { pool: intent.pool, token });
      onLaunched(intent, { instanceIds: [], refusals: [] });
      return;
    }
    const result = await this.#ask(intent, ledger);
    for (const { code, message, capacity } of result.refusals) {
      log[capacity ? "info" : "error"]("scaler.launch-refused", { pool: intent.pool, token, code, message });
    }
    onLaunched(intent, result);
  }

  async #ask({ token, count }: LaunchIntent, ledger: PoolLedger): Promise<LaunchResult> {
    try {
      return await this.#tools.compute.launch({ token, pool: ledger.compute, count });
    } catch (error) {
      if (codeOf(error) !== "compute-token-reused") throw error;
      // The pool's settings have changed since it was first asked. What it gave then has a tag, and is found by it.
      return { instanceIds: [], refusals: [] };
    }
  }
}
