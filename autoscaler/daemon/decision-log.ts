import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Settings } from "../policy.ts";
import type { Action, Snapshot } from "../snapshot.ts";
import type { PolicyState } from "../state.ts";

/** One decision with all that it was made from: enough to make it again. */
export interface DecisionLine {
  format: 1;
  /** Wall clock, ISO 8601, for people. */
  time: string;
  /** Whose decision, under which fencing number. */
  leader: string;
  epoch: number;
  tick: number;
  snapshot: Snapshot;
  settings: Settings;
  /** The policy's state before. */
  state: PolicyState;
  /** What the policy decided, and why. */
  actions: Action[];
  sentence: string;
  /** What came of it: launches cut by the brakes, machines ended because they are lost. Empty in a dry run. */
  ordered: Action[];
  notes: string[];
}

export const LOG_NAME = "decisions.jsonl";
/** The one that is written and those before it. */
const FILES = 8;

/** The decisions as JSON lines in a local file, which makes room for the next one when it is full. */
export class DecisionLog {
  readonly #tools: { files: Files; log: Log };
  readonly #folder: string;
  readonly #maxBytes: number;
  #size: number | undefined;

  constructor(tools: { files: Files; log: Log }, folder: string, maxBytes: number) {
    this.#tools = tools;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Never rejects: a full disk stops no decision. */
  async append(line: DecisionLine): Promise<void> {
    const { files, log } = this.#tools;
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      if (this.#size === undefined) {
        await files.makeFolder(this.#folder);
        this.#size = (await files.size(this.#path(0))) ?? 0;
      }
      if (this.#size > 0 && this.#size + bytes.byteLength > this.#maxBytes) await this.#rotate();
      await files.append(this.#path(0), bytes);
      this.#size += bytes.byteLength;
    } catch (error) {
      log.error("scaler.decision-not-logged", { reason: reasonOf(error) });
    }
  }

  async #rotate(): Promise<void> {
    const { files } = this.#tools;
    await files.remove(this.#path(FILES - 1));
    for (let age = FILES - 2; age >= 0; age--) {
      if (await files.exists(this.#path(age))) await files.rename(this.#path(age), this.#path(age + 1));
    }
    this.#size = 0;
  }

  /** decisions.jsonl, decisions.1.jsonl … */
  #path(age: number): string {
    return `${this.#folder}/${age === 0 ? LOG_NAME : LOG_NAME.replace(".", `.${age}.`)}`;
  }
}
