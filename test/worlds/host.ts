import type { Clock } from "../../base/clock.ts";
import type { ChildHandle } from "../../base/processes.ts";
import {
  type Call,
  CUT_MS,
  errorOf,
  FREEZE_MS,
  isOverNetwork,
  type Mishap,
  SLOW_MS,
  THROTTLED_CALLS,
} from "./faults.ts";

/** What the world does about the calls and the end of a host. */
export interface Surroundings {
  clock: Clock;
  /** By how much a wall clock jumps. */
  jumpMs: number;
  /** What happens at this call, if anything. */
  meet: (host: Host, call: Call) => Mishap | undefined;
  /** Before a call with this mishap has its effect; also called for a death that no call set off. */
  onMishap: (host: Host, call: Call, mishap: Mishap) => void;
  onCall: (host: Host, call: Call, args: readonly unknown[], outcome: Outcome) => void;
  onDeath: (host: Host, isByProgram: boolean) => void;
  /** What has begun now goes on until then, monotonic milliseconds. It may begin long after it was decided on. */
  onLasting: (untilMs: number) => void;
  /** It calls again and again without any time passing; this call and all after it get no answer. */
  onSpin: (host: Host, call: Call) => void;
}

export type Outcome = { result: unknown } | { error: unknown };

/** Not polls: when their answer is late, nobody can tell since when its messages have been hidden. */
const isDelayed = (call: Call) => isOverNetwork(call) && !call.name.endsWith(".receive");

/** Whoever makes so many calls at one moment goes round in circles, and would for ever. */
const MOST_AT_ONCE = 5_000;

const never = () => new Promise<never>(() => undefined);

/**
 * One machine with one agent, as the world outside can harm it: lost, stopped, cut off, its clock set. Everything the
 * agent reaches goes through wrap(); after its death nothing comes back to it and none of its timers fires.
 */
export class Host {
  readonly name: string;
  readonly startedAt: number;
  diedAt: number | undefined;
  /** Intervals of virtual time in which the process was stopped. */
  readonly frozen: { from: number; until: number }[] = [];
  /** Intervals in which a port was out of reach. */
  readonly cuts: { port: string; from: number; until: number }[] = [];
  skewMs = 0;
  /** Milliseconds that calls over the network take now, there and back each. */
  lagMs = 0;
  /** What comes on top, differently each time, as in any network. */
  jitterMs: () => number = () => 0;
  /** The most that ever was. */
  worstLagMs = 0;
  /** When something happened at one of its calls, or refused it; monotonic milliseconds. */
  readonly harmedAt: number[] = [];
  /** Milliseconds that the answers to polls are on their way. */
  pollLagMs = 0;
  /** Programs that ended here by themselves: of which job, and when by the monotonic clock, milliseconds. */
  readonly runs: { n: number; service: string; tookS: number; endedAt: number }[] = [];
  /** Told to take no message, and it has heard it. */
  isCordoned = false;
  /** Milliseconds that the call whose effect begins now was held up on its way, after its caller had decided on it. */
  heldUpMs = 0;
  /** Calls under way. */
  readonly open = new Map<string, number>();
  /** Calls at one moment of virtual time. */
  #hurry = { at: -1, calls: 0 };
  readonly #world: Surroundings;
  readonly #timers = new Set<() => void>();
  readonly #children = new Set<ChildHandle>();
  readonly #throttled = new Map<string, number>();
  readonly #death = new AbortController();
  /** Resolves when the process goes on; undefined while it is not stopped. */
  #thaw: PromiseWithResolvers<void> | undefined;
  #overdue: (() => void)[] = [];
  #thawedAt = -1;

  constructor(name: string, world: Surroundings) {
    this.name = name;
    this.#world = world;
    this.startedAt = world.clock.monotonic();
  }

  get dead(): boolean {
    return this.diedAt !== undefined;
  }

  get isFrozen(): boolean {
    return this.#thaw !== undefined;
  }

  get wasHarmed(): boolean {
    return this.harmedAt.length > 0;
  }

  get wasSlow(): boolean {
    return this.worstLagMs > 0;
  }

  /** Something outside kept it from doing things in time. */
  get isHeldUp(): boolean {
    return this.dead || this.isFrozen || this.cuts.length > 0 || this.wasSlow;
  }

  /** Programs of this host that run now. */
  get running(): number {
    return this.#children.size;
  }

  /** Aborts when the machine is lost: its connections end. */
  get death(): AbortSignal {
    return this.#death.signal;
  }

  /** @param isByProgram a program takes its machine down, every time */
  die(isByProgram = false): void {
    if (this.dead) return;
    this.#world.onDeath(this, isByProgram);
    this.diedAt = this.#world.clock.monotonic();
    for (const cancel of this.#timers) cancel();
    for (const child of this.#children) child.kill("SIGKILL"); // bwrap --die-with-parent
    this.#death.abort();
  }

  freeze(ms = FREEZE_MS): void {
    if (this.isFrozen || this.dead) return;
    const { clock } = this.#world;
    this.frozen.push(this.#lasting(ms));
    this.#thaw = Promise.withResolvers();
    clock.after(ms, () => {
      this.#thawedAt = clock.monotonic();
      this.#thaw?.resolve();
      this.#thaw = undefined;
      for (const fn of this.#overdue.splice(0)) this.clock.after(0, fn);
    });
  }

  cutOff(port: string, ms = CUT_MS): void {
    this.cuts.push({ port, ...this.#lasting(ms) });
  }

  #lasting(ms: number): { from: number; until: number } {
    const from = this.#world.clock.monotonic();
    this.#world.onLasting(from + ms);
    return { from, until: from + ms };
  }

  async #dawdle(): Promise<void> {
    this.#lasting(SLOW_MS);
    await this.#world.clock.sleep(SLOW_MS);
  }

  /** This machine's clock: its wall time may be wrong, and its timers wait while the process is stopped. */
  readonly clock: Clock = {
    now: () => this.#world.clock.now() + this.skewMs,
    monotonic: () => this.#world.clock.monotonic(),
    after: (ms, fn) => this.#after(ms, fn),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = () => {
          cancel();
          reject(signal?.reason as Error);
        };
        const cancel = this.#after(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
  };

  #after(ms: number, fn: () => void): () => void {
    if (this.dead) return () => undefined;
    let cancelled = false;
    const cancelTimer = this.#world.clock.after(ms, () => {
      this.#timers.delete(cancelTimer);
      const due = () => void (cancelled || fn());
      if (this.isFrozen) this.#overdue.push(due);
      else due();
    });
    this.#timers.add(cancelTimer);
    return () => {
      cancelled = true;
      this.#timers.delete(cancelTimer);
      cancelTimer();
    };
  }

  /** The port as this host's agent sees it. */
  wrap<T extends object>(port: string, target: T): T {
    const known = new Map<PropertyKey, unknown>();
    return new Proxy(target, {
      get: (_, name) => {
        const wrapped = known.get(name);
        if (wrapped !== undefined) return wrapped;
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || name === "readStream") return value;
        const call = { port, name: `${port}.${String(name)}` };
        const made = (...args: unknown[]) => this.#pass(call, args, () => Reflect.apply(value, target, args));
        known.set(name, made);
        return made;
      },
    });
  }

  /** Programs: they end with the machine, and how they ended is heard of when the process goes on. */
  adopt(child: ChildHandle): ChildHandle {
    this.#children.add(child);
    void child.exited.then(() => this.#children.delete(child));
    return { pid: child.pid, exited: this.#heard(child.exited), kill: (signal) => child.kill(signal) };
  }

  async #heard<T>(news: Promise<T>): Promise<T> {
    const known = await news;
    while (this.#thaw !== undefined) await this.#thaw.promise;
    return this.dead ? await never() : known;
  }

  async #pass(call: Call, args: readonly unknown[], effect: () => unknown): Promise<unknown> {
    if (this.dead || this.#spins(call)) return await never();
    this.open.set(call.name, (this.open.get(call.name) ?? 0) + 1);
    try {
      const result = await this.#meet(call, args, effect);
      while (this.#thaw !== undefined) await this.#thaw.promise;
      return this.dead ? await never() : result;
    } catch (error) {
      while (this.#thaw !== undefined) await this.#thaw.promise;
      if (this.dead) return await never();
      throw error;
    } finally {
      this.open.set(call.name, (this.open.get(call.name) ?? 1) - 1);
    }
  }

  #spins(call: Call): boolean {
    const now = this.#world.clock.monotonic();
    if (this.#hurry.at !== now) this.#hurry = { at: now, calls: 0 };
    if (++this.#hurry.calls === MOST_AT_ONCE) this.#world.onSpin(this, call);
    return this.#hurry.calls >= MOST_AT_ONCE;
  }

  async #meet(call: Call, args: readonly unknown[], effect: () => unknown): Promise<unknown> {
    const { clock, onCall, onMishap, meet } = this.#world;
    const decidedAt = clock.monotonic();
    const planned = meet(this, call);
    // A program that was started has no answer that could be lost.
    const mishap = planned === "answer-lost" && call.port === "processes" ? "fails" : planned;
    if (mishap !== undefined) {
      this.harmedAt.push(decidedAt);
      onMishap(this, call, mishap);
    }
    await this.#before(call, mishap);
    while (this.#thaw !== undefined) await this.#thaw.promise;
    if (this.dead) await never();
    try {
      const refusal = this.#refusal(call, mishap);
      if (refusal !== undefined) {
        this.harmedAt.push(clock.monotonic());
        throw refusal;
      }
      this.heldUpMs = clock.monotonic() - decidedAt;
      const isJustBack = clock.monotonic() === this.#thawedAt;
      const result = await effect();
      // A round trip takes its time: after a stop the overdue timers come before any new answer.
      if (isJustBack) await clock.sleep(1);
      onCall(this, call, args, { result });
      await this.#behind(call, mishap);
      return result;
    } catch (error) {
      onCall(this, call, args, { error });
      throw error;
    }
  }

  async #travel(call: Call): Promise<void> {
    const ms = isDelayed(call) ? this.lagMs + this.jitterMs() : 0;
    if (ms > 0) await this.#world.clock.sleep(ms);
  }

  async #before(call: Call, mishap: Mishap | undefined): Promise<void> {
    await this.#travel(call);
    if (mishap === undefined) return;
    if (mishap === "dies-before") this.die();
    if (mishap === "freezes-before") this.freeze();
    if (mishap === "cut-off") this.cutOff(call.port);
    if (mishap === "throttled") this.#throttled.set(call.port, THROTTLED_CALLS);
    if (mishap === "clock-ahead") this.skewMs += this.#world.jumpMs;
    if (mishap === "clock-back") this.skewMs -= this.#world.jumpMs;
    if (mishap === "slow") await this.#dawdle();
  }

  #refusal(call: Call, mishap: Mishap | undefined): Error | undefined {
    if (mishap === "fails") return errorOf(mishap, call);
    if (this.isCut(call.port)) return errorOf("cut-off", call);
    const left = this.#throttled.get(call.port) ?? 0;
    if (left === 0) return undefined;
    this.#throttled.set(call.port, left - 1);
    this.#world.onLasting(this.#world.clock.monotonic());
    return errorOf("throttled", call);
  }

  async #behind(call: Call, mishap: Mishap | undefined): Promise<void> {
    await this.#travel(call);
    if (this.pollLagMs > 0 && call.name.endsWith(".receive")) await this.#world.clock.sleep(this.pollLagMs);
    if (mishap === "dies-after") this.die();
    if (mishap === "freezes-after") this.freeze();
    if (mishap === "slow") await this.#dawdle();
    if (mishap === "answer-lost") throw errorOf(mishap, call);
  }

  isCut(port: string, from = this.#world.clock.monotonic(), until = from): boolean {
    return this.cuts.some((it) => it.port === port && it.from <= until && from < it.until);
  }
}
