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
  /** Its client's server works from now on, whatever its kind says. */
  healed: boolean;
  /** Starts of its program, and the hosts on which one runs. */
  runs: number;
  /** Runs that came to their own end, on a machine that was there to see it. */
  ended: number;
  running: Set<Host>;
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
      running: new Set(),
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

  ran(job: SentJob, host: Host, isExcused: boolean): void {
    job.runs++;
    if (!isExcused && [...job.running].some((it) => !it.dead)) {
      this.wrongs.push(`on doubt, stop: the program of job ${job.n} runs on two machines at the same time`);
    }
    job.running.add(host);
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
