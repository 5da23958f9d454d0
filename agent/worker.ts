import { endsInTime } from "../base/ends-in-time.ts";
import { reasonOf } from "../base/errors.ts";
import { fullJitterMs } from "../base/retry.ts";
import type { Queue, QueueMessage } from "../cloud/ports/queue.ts";
import type { AgentContext } from "./context.ts";
import { Job } from "./job.ts";
import { appetite, type Holdings } from "./receive/appetite.ts";
import { LeaseKeeper } from "./receive/lease.ts";
import { Mean } from "./receive/mean.ts";
import { Pulse } from "./receive/pulse.ts";
import { QueueClock } from "./receive/queue-clock.ts";
import { Wakeup } from "./receive/wakeup.ts";
import { redeliver } from "./result/redeliver.ts";
import { Slots } from "./run/slots.ts";
import { WorkTally } from "./status/work-tally.ts";

/**
 * The life of a worker:
 *
 *   working ──drain()──▶ draining ──last job settled──▶ stopped
 *      └──────stop()────────┴─────▶ stopping ──last job handed back──▶ stopped
 *
 * working: unless an order of the autoscaler is heeded (cordoned), which may be taken back: no new message; jobs that
 * have not started go back to the queue at once, the others finish.
 * draining: the same, for good.
 * stopping: everything goes back at once. stop() may follow drain(), never the other way round.
 */
export type WorkerState = "working" | "draining" | "stopping" | "stopped";

/** The longest that SQS lets a poll wait. */
const POLL_S = 20;
/** EC2 gives two minutes. */
const LONGEST_NOTICE_S = 120;
/** For the results, the deletes and the hand-backs of what did not end in time. */
const EVACUATION_MARGIN_S = 10;
/** How finely a lease's beginning is known, in parts of the visibility timeout. */
const PULSES = 12;
const RECEIVE_RETRY_BASE_MS = 500;
const RECEIVE_RETRY_CAP_MS = 20_000;
/** Deliveries hold no slot, but each holds a connection. */
const REDELIVERIES = 8;

export class Worker {
  state: WorkerState = "working";
  /** Resolves when the first poll is about to be sent. */
  readonly polling: Promise<void>;
  readonly counts = { done: 0, returned: 0, abandoned: 0 };
  readonly tally = new WorkTally();
  /** The order that is heeded; undefined: messages are taken. */
  cordon: string | undefined;
  /** Polls under way, those included whose messages are just being taken. */
  polls = 0;
  /** The provider takes this machine back. */
  noticed = false;
  readonly #context: AgentContext;
  readonly #jobs = new Set<Job>();
  readonly #slots: Slots;
  readonly #queueClock: QueueClock;
  readonly #pulse: Pulse;
  readonly #runS = new Mean();
  readonly #inputS = new Mean();
  readonly #changed = new Wakeup();
  #polls = new AbortController();
  readonly #stop = new AbortController();
  #started: () => void = () => undefined;
  #cancelDrainTimer: () => void = () => undefined;
  #redeliveries = 0;
  /** Monotonic; since when there is no job. */
  #idleSince: number;

  /** @param slots the places for programs, when they are shared with another agent of this machine */
  constructor(context: AgentContext, slots = new Slots(context.settings.slots)) {
    this.#context = context;
    this.#idleSince = context.clock.monotonic();
    this.#queueClock = new QueueClock(context.clock);
    this.#pulse = new Pulse(context.clock, (context.settings.visibilityTimeoutS * 1000) / PULSES);
    this.#slots = slots;
    slots.onAdded = () => this.#changed.wake();
    this.polling = new Promise((resolve) => {
      this.#started = resolve;
    });
  }

  /** Works until drained or stopped. Never rejects for what a message or a dependency does. */
  async run(): Promise<void> {
    const { queues, clock, log, settings } = this.#context;
    const { visibilityTimeoutS } = settings;
    this.#pulse.start();
    const requests = new LeaseKeeper({ queue: queues.requests, clock, log, visibilityTimeoutS });
    const deliveries = new LeaseKeeper({ queue: queues.deliveries, clock, log, visibilityTimeoutS });
    await Promise.all([
      this.#poll(
        queues.requests,
        () => this.#want(),
        requests,
        (message, since) => this.#take(message, requests, since),
      ),
      this.#redeliver(deliveries),
    ]);
    while (this.#jobs.size > 0) await this.#changed.wait(clock);
    this.#cancelDrainTimer();
    this.#pulse.stop();
    this.state = "stopped";
  }

  drain(): void {
    if (this.state !== "working") return;
    this.state = "draining";
    this.#polls.abort();
    this.#leaveWaiting();
    this.#slots.surrender();
    const { clock, settings } = this.#context;
    this.#cancelDrainTimer = clock.after(settings.drainTimeoutS * 1000, () => this.stop());
    this.#changed.wake();
  }

  /**
   * Takes no message while there is an order, and takes them again without one. Resolves when no poll is under way that an
   * order has to end.
   */
  async heed(order: string | undefined): Promise<void> {
    if (this.cordon === undefined && order !== undefined) {
      this.#polls.abort();
      this.#leaveWaiting();
    } else if (this.cordon !== undefined && order === undefined) {
      if (this.state === "working") this.#polls = new AbortController();
      this.#changed.wake();
    }
    this.cordon = order;
    while (this.cordon !== undefined && this.polls > 0) await this.#changed.wait(this.#context.clock);
  }

  #leaveWaiting(): void {
    for (const job of this.#jobs) if (!["running", "settling"].includes(job.state)) job.leave();
  }

  /**
   * The machine goes away at `atMs`, epoch milliseconds: takes nothing new, hands back at once what is not expected to
   * end in time, and what is still there shortly before the end.
   */
  evacuate(atMs: number): void {
    this.noticed = true;
    this.drain();
    if (this.state !== "draining") return;
    const { clock } = this.#context;
    // A notice comes two minutes ahead at most; a clock that is off must not make it more.
    const leftS = Math.min(LONGEST_NOTICE_S, (atMs - clock.now()) / 1000) - EVACUATION_MARGIN_S;
    for (const job of this.#jobs) {
      if (job.runningSince === undefined) continue;
      const runningS = (clock.monotonic() - job.runningSince) / 1000;
      const run = { runningS, leftS, limitS: job.limitS };
      if (!endsInTime(run, (seconds) => this.tally.lasted(job.service, seconds))) job.leave();
    }
    this.#cancelDrainTimer();
    this.#cancelDrainTimer = clock.after(Math.max(0, leftS) * 1000, () => this.stop());
  }

  stop(): void {
    if (this.state === "stopped" || this.state === "stopping") return;
    this.state = "stopping";
    this.#polls.abort();
    this.#stop.abort(new Error("the agent is stopping"));
    for (const job of this.#jobs) job.leave();
    this.#changed.wake();
  }

  holdings(): Holdings {
    const jobs = [...this.#jobs];
    const now = this.#context.clock.monotonic();
    return {
      slots: this.#slots.count,
      runningS: jobs.flatMap((it) => (it.runningSince === undefined ? [] : [(now - it.runningSince) / 1000])),
      waiting: jobs.filter((it) => ["received", "admitted", "fetching", "ready"].includes(it.state)).length,
      settling: jobs.filter((it) => it.state === "settling").length,
      meanRunS: this.#runS.value,
      meanInputS: this.#inputS.value,
    };
  }

  /** Messages in our hands, of every queue. */
  holding(): number {
    return this.#jobs.size + this.#redeliveries;
  }

  /** For how long there has been no job, seconds. */
  idleS(): number {
    return this.#jobs.size > 0 ? 0 : (this.#context.clock.monotonic() - this.#idleSince) / 1000;
  }

  leaveCancelled(): void {
    for (const job of this.#jobs) job.leaveIfCancelled();
  }

  /** When the oldest message in our hands was sent, epoch milliseconds: the queue itself cannot say. */
  oldestSentAt(): number | undefined {
    const sent = [...this.#jobs].map((it) => it.sentAt);
    return sent.length === 0 ? undefined : Math.min(...sent);
  }

  /** Resolves to how many messages to ask for, as soon as that is more than none; 0 when it is time to leave. */
  async #want(): Promise<number> {
    while (this.state === "working") {
      const { want, recheckS } = this.cordon === undefined ? appetite(this.holdings()) : { want: 0 };
      if (want > 0) return want;
      await this.#changed.wait(this.#context.clock, recheckS === undefined ? undefined : recheckS * 1000);
    }
    return 0;
  }

  #take(message: QueueMessage, leases: LeaseKeeper, since: number): void {
    this.#queueClock.observe(message);
    const job = new Job(this.#context, this.#slots, this.#queueClock, message, (it) => this.#onChange(it));
    this.#jobs.add(job);
    if (message.receiveCount === 1) this.tally.received++;
    else this.tally.repeated++;
    void job.live(leases, since).finally(() => {
      this.#jobs.delete(job);
      this.#idleSince = this.#context.clock.monotonic();
      this.#changed.wake();
    });
  }

  #onChange(job: Job): void {
    if (job.state === "ready" && job.inputS !== undefined) this.#inputS.add(job.inputS);
    if (job.state === "settling" && job.runS !== undefined) {
      this.#runS.add(job.runS);
      this.tally.finished(job.service, job.runS);
    }
    if (job.sleepS > 0) this.tally.sleeps(this.#context.clock.monotonic() + job.sleepS * 1000);
    if (job.state === "done" || job.state === "returned" || job.state === "abandoned")
      this.counts[job.state]++;
    this.#changed.wake();
  }

  /** Long-polls one queue until it is time to leave; a message that arrives at that moment goes back at once. */
  async #poll(
    queue: Queue,
    want: () => Promise<number>,
    leases: LeaseKeeper,
    take: (message: QueueMessage, since: number) => void,
  ): Promise<void> {
    const { clock, random, log, settings } = this.#context;
    let failures = 0;
    for (;;) {
      const max = await want();
      if (max === 0) return;
      this.#started();
      this.polls++;
      try {
        const messages = await queue.receive({
          max,
          waitS: POLL_S,
          visibilityTimeoutS: settings.visibilityTimeoutS,
          signal: this.#polls.signal,
        });
        failures = 0;
        const since = this.#pulse.last;
        if (leases.isStale(since)) {
          // We were stopped while the answer lay there: what it brought comes back by itself, perhaps to others.
          log.warn("receive.stale", { queue: queue.name, messages: messages.length });
        } else if (this.#takes()) for (const message of messages) take(message, since);
        else await handBack(queue, messages);
      } catch (error) {
        log.warn("receive.failed", { queue: queue.name, reason: reasonOf(error) });
        const pauseMs = fullJitterMs(random, failures++, RECEIVE_RETRY_BASE_MS, RECEIVE_RETRY_CAP_MS);
        await clock.sleep(pauseMs, this.#polls.signal).catch(() => undefined);
      } finally {
        this.polls--;
        if (this.cordon !== undefined) this.#changed.wake();
      }
    }
  }

  #takes(): boolean {
    return this.state === "working" && this.cordon === undefined;
  }

  async #redeliver(leases: LeaseKeeper): Promise<void> {
    const tools = { leases, queueClock: this.#queueClock, stop: this.#stop.signal };
    const under = new Set<Promise<void>>();
    const want = async () => {
      while (this.state === "working" && this.cordon !== undefined)
        await this.#changed.wait(this.#context.clock);
      if (this.state === "working" && under.size >= REDELIVERIES) await Promise.race(under);
      return this.state === "working" ? REDELIVERIES - under.size : 0;
    };
    await this.#poll(this.#context.queues.deliveries, want, leases, (message, since) => {
      this.#queueClock.observe(message);
      const work = redeliver(this.#context, tools, message, since);
      under.add(work);
      this.#redeliveries = under.size;
      void work.finally(() => {
        under.delete(work);
        this.#redeliveries = under.size;
      });
    });
    await Promise.all(under);
  }
}

async function handBack(queue: Queue, messages: readonly QueueMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await queue.changeVisibility(
    messages.map(({ receiptHandle }) => ({ receiptHandle, visibilityTimeoutS: 0 })),
  );
}
