import type { Clock } from "../../base/clock.ts";
import type { StoredObject } from "../../cloud/ports/objects.ts";
import type { HeldMessage } from "../support/memory-queue.ts";
import type { Host } from "./host.ts";
import type { JobKind } from "./kinds.ts";

/** One job that a client sent. */
export interface SentJob {
  n: number;
  kind: JobKind;
  /** The message id; empty until the queue has it. */
  id: string;
  /** Monotonic milliseconds. */
  sentAt: number;
  /** An operator was told that it is cancelled. */
  cancelled: boolean;
  cancelledAt?: number;
  /** Its client's server works from now on, whatever its kind says. */
  healed: boolean;
  /** Starts of its program. */
  runs: number;
  /** Runs that came to their own end, on a machine that was there to see it. */
  ended: number;
  /** When one last did, monotonic milliseconds. */
  endedAt?: number;
  /** Machines that its program took down. */
  poisoned: number;
  /** The hosts on which one runs, and since when. */
  running: Map<Host, number>;
  /** Generations that exist: one, and one for each replay. */
  generations: number;
}

/** Something that was on a queue. */
export interface Passing {
  queue: string;
  event: "sent" | "deleted" | "received";
  at: number;
  /** `<id>` or `<id>.g<n>`: the job and generation it stands for. */
  id: string;
  message: HeldMessage;
  /** For a delete: what stood in the bucket at that moment. */
  hadResult: boolean;
}

/** One status period, and a moment. */
const CANCEL_MS = 15_000;
/** Whatever failed gets a moment. */
export const PAUSE_MS = 1_000;
const IDENTITY = /^v1\.(.+)\.(\d+)\.[0-9a-f]{64}$/;

/** What went over the counters of the cloud, as it happened. */
export class Ledger {
  readonly jobs: SentJob[] = [];
  readonly passings: Passing[] = [];
  /** What was wrong at the moment it happened. */
  readonly wrongs: string[] = [];
  readonly #clock: Clock;
  /** The attributes of clients' messages, by which they are told from what Drover sends itself. */
  readonly #sentByClients = new Set<object>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(kind: JobKind, attributes: object): SentJob {
    this.#sentByClients.add(attributes);
    const job: SentJob = {
      n: this.jobs.length,
      kind,
      id: "",
      sentAt: this.#clock.monotonic(),
      cancelled: false,
      healed: false,
      runs: 0,
      ended: 0,
      poisoned: 0,
      running: new Map(),
      generations: 1,
    };
    this.jobs.push(job);
    return job;
  }

  note(
    queue: string,
    event: Passing["event"],
    message: HeldMessage,
    stored: ReadonlyMap<string, StoredObject>,
  ): void {
    const id = this.idOf(message);
    const hadResult = event === "deleted" && stored.has(resultOf(id));
    this.passings.push({ queue, event, at: this.#clock.monotonic(), id, message, hadResult });
  }

  /** The job and generation of a message: what a client sent stands for itself, whatever it claims. */
  idOf({ id, attributes }: HeldMessage): string {
    if (this.#sentByClients.has(attributes)) return id;
    const [, job, generation] = IDENTITY.exec(attributes["drover-identity"] ?? "") ?? [];
    if (job === undefined) return id;
    return generation === "0" ? job : `${job}.g${generation}`;
  }

  jobOf(message: HeldMessage): SentJob | undefined {
    const [id] = this.idOf(message).split(".");
    return this.jobs.find((it) => it.id === id);
  }

  ran(job: SentJob, host: Host, isExcused: boolean): void {
    job.runs++;
    if (!isExcused && [...job.running.keys()].some((it) => !it.dead)) {
      this.wrongs.push(`on doubt, stop: the program of job ${job.n} runs on two machines at the same time`);
    }
    job.running.set(host, this.#clock.monotonic());
  }

  /** For a time when nothing is wrong: whatever is tried again failed before, unless a person wants it once more. */
  calmly({ n, endedAt, healed }: SentJob): void {
    if (healed || endedAt === undefined || this.#clock.monotonic() - endedAt >= PAUSE_MS) return;
    this.wrongs.push(`the program of job ${n} failed and was tried again without a pause`);
  }

  /** An agent that looks for cancelled jobs stops a program soon. */
  endedAfterCancel({ n, cancelledAt }: SentJob): void {
    if (cancelledAt === undefined || this.#clock.monotonic() - cancelledAt <= CANCEL_MS) return;
    this.wrongs.push(`the program of job ${n} went on although the job was cancelled`);
  }

  lost(host: Host): void {
    for (const job of this.jobs) job.running.delete(host);
  }

  /** When something of this kind first happened to a job, or undefined. */
  first(queue: string, event: Passing["event"], id: string): number | undefined {
    return this.passings.find((it) => it.queue === queue && it.event === event && it.id === id)?.at;
  }
}

/** Where the result of a job and generation lies in the bucket. */
export function resultOf(id: string): string {
  const [job = "", generation = "g0"] = id.split(".");
  return `jobs/${job}/${generation}/result`;
}
