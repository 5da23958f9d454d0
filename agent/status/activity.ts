import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Store } from "../../cloud/ports/store.ts";

export type ActivityFields = Record<string, string | number | undefined>;

/** How long a line may wait in memory for company. */
const FLUSH_MS = 250;
/** One object of the store's log. */
const CHUNK_BYTES = 1024 * 1024;
/** A local log that is shipped and longer than this starts anew. */
const ROTATE_BYTES = 32 * 1024 * 1024;

/** Where a log stands: `base` is the log's offset at the file's first byte, `shipped` how far the store has it. */
interface Position {
  base: number;
  shipped: number;
  /** Everything in the file is shipped, and it is being emptied. */
  emptying?: true;
}

/**
 * The activity log: first a local file, then the store, because any server can vanish. The store being down stops
 * nothing: the file is the spool, and what it holds is shipped later, in order and without doubles.
 */
export class Activity {
  readonly #tools: { clock: Clock; files: Files; store: Store; log: Log };
  readonly #instanceId: string;
  readonly #file: string;
  readonly #positionFile: string;
  #position: Position = { base: 0, shipped: 0 };
  #size = 0;
  #lines: string[] = [];
  #cancelFlush: (() => void) | undefined;
  /** File operations, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    tools: { clock: Clock; files: Files; store: Store; log: Log },
    options: { instanceId: string; folder: string },
  ) {
    this.#tools = tools;
    this.#instanceId = options.instanceId;
    this.#file = `${options.folder}/activity-${options.instanceId}.log`;
    this.#positionFile = `${this.#file}.position`;
  }

  /** Takes up the log where the last process left it, also after a crash in the middle of a line. */
  async open(): Promise<void> {
    const { files } = this.#tools;
    this.#size = (await files.size(this.#file)) ?? 0;
    this.#position = await this.#readPosition();
    if (this.#position.emptying) await this.#empty();
    const { base, shipped } = this.#position;
    // Somebody cut the file: what is left in it counts as shipped, what comes is new.
    if (shipped - base > this.#size) this.#position = { base: shipped - this.#size, shipped };
    if (this.#size === 0) return;
    const last = await files.read(this.#file, { from: this.#size - 1 });
    if (last[0] !== 10) await this.#append("\n");
  }

  async #readPosition(): Promise<Position> {
    const { files, log } = this.#tools;
    const start = { base: 0, shipped: 0 };
    if ((await files.size(this.#positionFile)) === undefined) return start;
    try {
      return JSON.parse(new TextDecoder().decode(await files.read(this.#positionFile))) as Position;
    } catch (error) {
      // Offsets that no log has reached: lines may stand twice in the store then, and none is overwritten.
      const beyond = this.#tools.clock.now();
      log.warn("activity.position-unreadable", { reason: reasonOf(error) });
      return { base: beyond, shipped: beyond };
    }
  }

  /**
   * One line in the style of the Common Log Format (host, ident, user, time, "request", status, bytes), followed by
   * the fields as JSON. Control characters cannot forge a line: JSON escapes them.
   */
  record(event: string, fields: ActivityFields): void {
    const { job = "-", service, bytes = "-", ...rest } = fields;
    const time = clfTime(this.#tools.clock.now());
    const name = service === undefined || service === "" ? "-" : service;
    const status = fields["code"] === undefined ? (fields["status"] ?? "-") : fields["code"];
    const more = JSON.stringify({ event, ...rest }).replaceAll(TERMINAL_CONTROLS, escapeControl);
    this.#lines.push(`${this.#instanceId} ${job} ${name} [${time}] "${event}" ${status} ${bytes} ${more}\n`);
    this.#cancelFlush ??= this.#tools.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what was recorded to the local file. Never rejects: a full disk must not stop a job. */
  flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const text = this.#lines.join("");
    this.#lines = [];
    if (text === "") return this.#inTurn(() => Promise.resolve());
    return this.#inTurn(async () => {
      try {
        await this.#append(text);
      } catch (error) {
        this.#tools.log.error("activity.lost", { bytes: text.length, reason: reasonOf(error) });
      }
    });
  }

  /** Sends to the store what it lacks. Never rejects; what could not be sent waits in the file. */
  async ship(): Promise<void> {
    await this.flush();
    await this.#inTurn(async () => {
      try {
        while (await this.#shipChunk());
      } catch (error) {
        this.#tools.log.warn("activity.not-shipped", { reason: reasonOf(error) });
      }
    });
  }

  async #shipChunk(): Promise<boolean> {
    const { files, store } = this.#tools;
    const from = this.#position.shipped - this.#position.base;
    if (from >= this.#size) return false;
    const bytes = await files.read(this.#file, { from, maxBytes: CHUNK_BYTES });
    const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    if (whole.byteLength === 0) return false;
    // The same offset again, after a crash before the position was saved, overwrites: no line is doubled.
    await store.appendActivity(this.#instanceId, this.#position.shipped, new TextDecoder().decode(whole));
    this.#position.shipped += whole.byteLength;
    const { base, shipped } = this.#position;
    if (shipped - base === this.#size && this.#size > ROTATE_BYTES) await this.#empty();
    else await this.#savePosition();
    return true;
  }

  /** Starts the file anew. The intention is saved first: a crash in between must not ship the old lines again. */
  async #empty(): Promise<void> {
    const { shipped } = this.#position;
    this.#position = { base: shipped, shipped, emptying: true };
    await this.#savePosition();
    await this.#tools.files.write(this.#file, new Uint8Array());
    this.#size = 0;
    this.#position = { base: shipped, shipped };
    await this.#savePosition();
  }

  async #savePosition(): Promise<void> {
    const fresh = `${this.#positionFile}.new`;
    await this.#tools.files.write(fresh, Buffer.from(JSON.stringify(this.#position)), { sync: true });
    await this.#tools.files.rename(fresh, this.#positionFile);
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    await this.#tools.files.append(this.#file, bytes);
    this.#size += bytes.byteLength;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn;
    return turn;
  }
}

/** DEL and C1, which JSON leaves as they are and a terminal obeys. */
const TERMINAL_CONTROLS = /[\u007F-\u009F]/g;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 22/Nov/2026:08:39:20 +0000 */
function clfTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
