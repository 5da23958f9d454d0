import type { AgentSettings } from "../../agent/context.ts";
import type { Worker } from "../../agent/worker.ts";
import type { MemoryFiles } from "../support/memory-files.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSimClock } from "../support/sim-clock.ts";
import { createCloud, type Nature } from "./cloud.ts";
import { type Call, JUMP_MS, type Mishap } from "./faults.ts";
import { HandBacks } from "./hand-backs.ts";
import { History } from "./history.ts";
import { Host, type Outcome } from "./host.ts";
import { documentOf } from "./documents.ts";
import type { JobKind, ServerAnswer } from "./kinds.ts";
import { Ledger, type SentJob } from "./ledger.ts";
import { type Alarm, type Machine, type Place, startMachine } from "./machine.ts";
import { Numbers } from "./numbers.ts";
import { Servers } from "./servers.ts";

export interface WorldOptions {
  seed: number;
  /** What happens at a call, if anything. */
  meet?: (host: Host, call: Call) => Mishap | undefined;
  nature?: Nature;
  /** Virtual milliseconds from which on the queue behaves, unless something else is still wrong. */
  natureUntilMs?: number;
  settings?: Partial<AgentSettings>;
  retentionS?: number;
  /** By how much a wall clock jumps. */
  jumpMs?: number;
  /** Agents report their status and ship their log. */
  reports?: boolean;
}

/** One call comes to nothing, or its answer does. */
const LOSES_A_CALL: ReadonlySet<Mishap> = new Set(["fails", "answer-lost"]);

/** Longer than two heartbeats. */
const FADE_MS = 50_000;

/** Deliveries that failed for as long as a cut lasts are next tried after up to five minutes, and may fail once more. */
const BACK_OFF_MS = 600_000;

/**
 * Everything outside the agents: time, queues, bucket, the clients' servers, machines. Agents are the production worker
 * with all its stages; what they do to the world is in `ledger` and `history`, for a checker that knows nothing else.
 */
export class World {
  readonly clock = createSimClock();
  readonly history = new History(this.clock);
  readonly numbers = new Numbers();
  readonly ledger = new Ledger(this.clock);
  readonly cloud;
  readonly servers: Servers;
  readonly machines: Machine[] = [];
  /** Told to leave by somebody; they count as gone. */
  readonly leaving = new Set<Machine>();
  /** Everything an agent logged, one JSON object a line. */
  readonly logged: string[] = [];
  /** What the operators' alarm command was told. */
  readonly alarms: Alarm[] = [];
  /** Who holds which request. */
  readonly handBacks: HandBacks;
  /** Kinds of mishap that happened. */
  readonly mishaps = new Set<string>();
  /** How many mishaps and deaths there were. */
  trouble = 0;
  /** Heartbeats that failed: one alone costs no job its work. */
  missedBeats = 0;
  /** How many of them were an agent's leaving in order, which may cost a job time but counts against nobody. */
  farewells = 0;
  /** Back-offs that the faults have made long, milliseconds. */
  backOffMs = 0;
  /** Two programs of one job at the same time are the faults' doing. */
  excusesOverlap: boolean;
  /** One agent alone would wait for the end of the mishap. */
  needsCompany = false;
  /** What is still to come from outside: jobs to be sent, agents to be told to leave. */
  ahead = 0;
  #wellFromMs: number;
  readonly #options: WorldOptions;
  readonly #random;

  constructor(options: WorldOptions) {
    const { seed, nature = {}, natureUntilMs = 0 } = options;
    this.#options = options;
    this.#random = createSeededRandom(seed + 7);
    this.#wellFromMs = Object.keys(nature).length > 0 ? natureUntilMs : 0;
    this.excusesOverlap = nature.twice !== undefined || nature.oldHandles === "ignored";
    this.cloud = createCloud(this, nature, () => this.clock.monotonic() <= this.#wellFromMs);
    this.handBacks = new HandBacks(this.clock, this.cloud.queues.requests, ({ name }, id) =>
      this.ledger.wrongs.push(`${name} took ${id} although it was told to take no message`),
    );
    this.servers = new Servers(this.clock, {
      callback: (n, before) => this.#served("callback", n, before),
      input: (n, before) => this.#served("input", n, before),
    });
  }

  get jumpMs(): number {
    return this.#options.jumpMs ?? JUMP_MS;
  }

  /** Virtual milliseconds at which the last trouble is over, as far as is known. */
  get wellFromMs(): number {
    return this.#wellFromMs;
  }

  /** Nothing was done to anybody, and the queues have no bad habits. */
  get isCalm(): boolean {
    return this.trouble === 0 && Object.keys(this.#options.nature ?? {}).length === 0;
  }

  /** Something goes on until then. */
  extend(untilMs: number): void {
    this.#wellFromMs = Math.max(this.#wellFromMs, untilMs);
  }

  /** Something from outside at a moment of virtual time. */
  at(ms: number, work: () => unknown): void {
    this.ahead++;
    this.clock.after(ms, () => {
      void Promise.resolve(work()).finally(() => this.ahead--);
    });
  }

  live(): Machine[] {
    return this.machines.filter((it) => !it.host.dead && !this.leaving.has(it));
  }

  /** Nothing is due and nobody is held up. */
  isIdle(): boolean {
    const { requests, deliveries } = this.cloud.queues;
    return (
      this.ahead === 0 &&
      requests.messages.length + deliveries.messages.length === 0 &&
      this.machines.every(({ host, worker }) => host.dead || (!host.isFrozen && isUnoccupied(worker)))
    );
  }

  async submit(kind: JobKind): Promise<SentJob> {
    const n = this.ledger.jobs.length;
    const attributes = { ...kind.attributes };
    const job = this.ledger.add(kind, attributes);
    job.id = await this.cloud.queues.requests.send(documentOf(kind, n), { attributes });
    this.history.say("client", `sends job ${n} (${kind.name}) as ${job.id}`);
    return job;
  }

  start(name = `agent-${this.machines.length + 1}`, disk?: MemoryFiles): Machine {
    const host = new Host(name, {
      clock: this.clock,
      jumpMs: this.jumpMs,
      meet: this.#options.meet ?? (() => undefined),
      onMishap: (...what) => this.#onMishap(...what),
      onDeath: (...what) => this.#onDeath(...what),
      onLasting: (untilMs) => this.extend(untilMs),
      onSpin: ({ name: spinning }, call) =>
        this.ledger.wrongs.push(`${spinning} goes round in circles: ${call.name}`),
      onCall: (...what) => this.#onCall(...what),
    });
    this.history.say(name, "starts");
    const machine = startMachine(this.#place(), host, this.#options.seed * 1009 + this.machines.length, disk);
    this.machines.push(machine);
    return machine;
  }

  /** A new machine, or a lost one that comes back with what its disk still has. */
  replace(): Machine {
    const isAlone = ({ host }: Machine) =>
      !this.machines.some((it) => it.host !== host && it.host.name === host.name);
    const lost = this.machines.findLast((it) => it.host.dead && isAlone(it));
    if (lost === undefined || this.#random.next() < 0.5) return this.start();
    lost.files.loseUnflushed(this.#random.next());
    return this.start(lost.host.name, lost.files);
  }

  /** Nothing of this port is reached for longer than a lease. */
  cutOff(host: Host, port: string): void {
    this.#onMishap(host, { port, name: `${port}.*` }, "cut-off");
    host.cutOff(port);
  }

  /** The network of a machine becomes slow, and then the queue is out of its reach. */
  fade(host: Host, lagMs: number): void {
    this.history.say(host.name, `has a slow network: ${lagMs} ms each way`);
    host.lagMs = lagMs;
    host.worstLagMs = Math.max(host.worstLagMs, lagMs);
    this.mishaps.add("slow-network");
    this.trouble++;
    this.extend(this.clock.monotonic() + FADE_MS);
    this.clock.after(FADE_MS, () => {
      host.lagMs = 0;
      this.cutOff(host, "requests");
    });
  }

  /** Links fail so often that back-offs grow to their longest. */
  expectLongBackOffs(): void {
    this.backOffMs = BACK_OFF_MS;
  }

  #place(): Place {
    const { retentionS = 7 * 86_400, settings = {}, reports = false } = this.#options;
    const { clock, cloud, servers, ledger, numbers, logged, alarms } = this;
    const excusesOverlap = () => this.excusesOverlap;
    const isCalm = () => this.isCalm;
    const isHidden = (host: Host, job: SentJob) => {
      const messages = cloud.queues.requests.messages.filter((it) => ledger.jobOf(it) === job);
      return messages.length === 0 || messages.some((it) => this.handBacks.isHidden(host, it.id));
    };
    const outside = {
      clock,
      cloud,
      servers,
      ledger,
      numbers,
      logged,
      alarms,
      excusesOverlap,
      isCalm,
      isHidden,
    };
    return { ...outside, retentionS, settings, reports };
  }

  #served(which: "callback" | "input", n: number, before: number): ServerAnswer {
    const job = this.ledger.jobs[n];
    if (job === undefined || (which === "callback" && job.healed)) return {};
    const answer = job.kind[which]?.(before) ?? { body: "input" };
    if (answer.status !== undefined || answer.silent || answer.cut) this.numbers.fire(job.kind.faults);
    return answer;
  }

  #onMishap(host: Host, call: Call, mishap: Mishap): void {
    const now = this.clock.monotonic();
    const { messages } = this.cloud.queues.requests;
    const inFlight = messages.filter((it) => it.receiveCount > 0);
    this.history.say(host.name, `${mishap} at ${call.name}`);
    this.numbers.mishap(host, call, mishap, inFlight.length > 0);
    this.mishaps.add(mishap);
    this.trouble++;
    if (call.name === "requests.changeVisibility" && LOSES_A_CALL.has(mishap)) this.missedBeats++;
    this.extend(now);
    const freesMessages = mishap === "expires" || mishap === "twice";
    if (mishap === "cut-off" && call.port === "http") this.expectLongBackOffs();
    if (freesMessages || mishap.startsWith("freezes")) this.excusesOverlap = true;
    this.needsCompany ||= mishap === "cut-off" || this.excusesOverlap;
    if (call.port === "disk") this.mishaps.add("disk-failed");
    if (freesMessages) for (const it of inFlight) it.visibleAt = Math.min(it.visibleAt, now);
  }

  #onDeath(host: Host, isByProgram: boolean): void {
    this.history.say(host.name, "is lost");
    this.trouble++;
    if (!isByProgram) this.extend(this.clock.monotonic()); // what a poisonous job needs says its kind
    this.numbers.death(host, this.servers);
    this.servers.hangUp(host);
    this.ledger.lost(host);
  }

  #onCall(host: Host, call: Call, args: readonly unknown[], outcome: Outcome): void {
    this.history.call(host, call, args, outcome);
    this.numbers.called(host, call, args, outcome);
    if (!("error" in outcome)) this.handBacks.note(host, call, args, outcome.result);
    else if (call.name === "files.remove") this.mishaps.add("remove-failed");
  }
}

function isUnoccupied(worker: Worker): boolean {
  const { runningS, waiting, settling } = worker.holdings();
  return runningS.length + waiting + settling === 0;
}
