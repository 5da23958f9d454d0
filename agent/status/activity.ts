import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Store } from "../../cloud/ports/store.ts";

export type ActivityFields = Record<string, string | number | undefined>;

/** How long a line may wait in memory for company. */
const FLUSH_MS = 250;
/** One object of the store's log, or some hundred items: little enough to be sent, or given up, in a second. */
const CHUNK_BYTES = 128 * 1024;
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
  /** A write failed, and may have written a part all the same. */
  #isTorn = false;
  #lines: string[] = [];
  #cancelFlush: (() => void) | undefined;
  /** File operations, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Calls of the store, one after the other. They hold up nothing else: lines go to the file meanwhile. */
  #shipping: Promise<unknown> = Promise.resolve();

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
    await this.#endLine();
  }

  /** What comes next stands on a line of its own, whatever the last write left. */
  async #endLine(): Promise<void> {
    if (this.#size === 0) return;
    const last = await this.#tools.files.read(this.#file, { from: this.#size - 1 });
    if (last[0] !== 10) await this.#append("\n");
  }

  /** After a write that failed the file is looked at again: sizes that are off would keep its end from the store. */
  async #mend(): Promise<void> {
    if (!this.#isTorn) return;
    this.#size = (await this.#tools.files.size(this.#file)) ?? 0;
    await this.#endLine();
    this.#isTorn = false;
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
        await this.#mend();
        await this.#append(text);
      } catch (error) {
        this.#tools.log.error("activity.lost", { bytes: text.length, reason: reasonOf(error) });
      }
    });
  }

  /** How far the store has the log, bytes. */
  get shipped(): number {
    return this.#position.shipped;
  }

  /** Sends to the store what it lacks. Never rejects; what could not be sent waits in the file. */
  ship(): Promise<void> {
    const shipping = this.#shipping.then(async () => {
      await this.flush();
      try {
        while (await this.#shipChunk());
      } catch (error) {
        this.#tools.log.warn("activity.not-shipped", { reason: reasonOf(error) });
      }
    });
    this.#shipping = shipping;
    return shipping;
  }

  async #shipChunk(): Promise<boolean> {
    const { shipped } = this.#position;
    const chunk = await this.#inTurn(() => this.#nextChunk());
    if (chunk.byteLength === 0) return false;
    // The same offset again, after a crash before the position was saved, overwrites: no line is doubled.
    await this.#tools.store.appendActivity(this.#instanceId, shipped, new TextDecoder().decode(chunk));
    await this.#inTurn(() => this.#advance(chunk.byteLength));
    return true;
  }

  /** What comes next for the store, whole lines; empty when it has everything. */
  async #nextChunk(): Promise<Uint8Array> {
    await this.#mend();
    const from = this.#position.shipped - this.#position.base;
    if (from >= this.#size) return new Uint8Array();
    for (let maxBytes = CHUNK_BYTES; ; maxBytes *= 2) {
      const bytes = await this.#tools.files.read(this.#file, { from, maxBytes });
      const end = bytes.lastIndexOf(10) + 1;
      if (end > 0 || bytes.byteLength < maxBytes) return bytes.subarray(0, end);
      // One line longer than a chunk goes whole: nothing after it could be sent otherwise.
    }
  }

  async #advance(bytes: number): Promise<void> {
    this.#position.shipped += bytes;
    const { base, shipped } = this.#position;
    if (shipped - base === this.#size && this.#size > ROTATE_BYTES) await this.#empty();
    else await this.#savePosition();
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
    this.#isTorn = true;
    await this.#tools.files.append(this.#file, bytes);
    this.#isTorn = false;
    this.#size += bytes.byteLength;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined); // its caller hears of it; whoever is next has nothing to do with it
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
