import type { Clock } from "../../base/clock.ts";
import type { Compute, ComputeInstance, LaunchRequest, LaunchResult } from "../../cloud/ports/compute.ts";

export interface MemoryComputeOptions {
  /** Milliseconds from the launch of the n-th instance until it is up; Infinity for one that never comes up. */
  bootMs: (n: number) => number;
  /** Instances that each pool has to give; as many as one likes where it is not named. */
  capacity?: Record<string, number>;
  /** A new instance is missing from the list for so long. */
  listLagMs?: number;
  /** An instance is up: what runs on it, as a function that ends it. */
  boot: (id: string) => () => void;
  onTerminate?: (id: string) => void;
}

interface Held extends ComputeInstance {
  shownAt: number;
  end: () => void;
}

/** EC2's semantics in memory: tokens that launch once, lists that lag, pools that run out. */
export interface MemoryCompute extends Compute {
  readonly held: readonly ComputeInstance[];
  /** How many instances each token launched. */
  readonly tokens: ReadonlyMap<string, number>;
  /** The most that were there at once, those included that are just coming up. */
  readonly most: number;
  /** Every call fails while it is set. */
  broken: boolean;
  /** How many launches will have their effect and lose their answer. */
  loseAnswers: number;
  /** The provider takes it back at once. */
  reclaim(id: string): void;
  alive(): ComputeInstance[];
}

export function createMemoryCompute(clock: Clock, options: MemoryComputeOptions): MemoryCompute {
  const { bootMs, capacity = {}, listLagMs = 0, boot, onTerminate } = options;
  const held = new Map<string, Held>();
  const answers = new Map<string, { request: string; result: LaunchResult }>();
  const tokens = new Map<string, number>();
  let most = 0;
  const alive = () => [...held.values()].filter(({ state }) => state === "pending" || state === "running");

  const add = ({ pool, token }: LaunchRequest): string => {
    const number = held.size;
    const id = `i-${String(number).padStart(4, "0")}`;
    const one: Held = {
      id,
      pool: pool.name,
      state: "pending",
      market: pool.market,
      launchedAt: clock.now(),
      token,
      shownAt: clock.monotonic() + listLagMs,
      end: () => undefined,
    };
    held.set(id, one);
    most = Math.max(most, alive().length);
    const ms = bootMs(number);
    if (!Number.isFinite(ms)) return id;
    const cancel = clock.after(ms, () => {
      one.state = "running";
      one.end = boot(id);
    });
    one.end = cancel;
    return id;
  };
  const remove = (one: Held, reason: string) => {
    if (one.state === "terminated") return;
    one.state = "terminated";
    one.reason = reason;
    one.end();
  };
  const compute: MemoryCompute = {
    tokens,
    broken: false,
    loseAnswers: 0,
    alive,
    get held() {
      return [...held.values()];
    },
    get most() {
      return most;
    },
    launch: async (request) => {
      await Promise.resolve();
      if (compute.broken) throw new Error("the provider is away");
      const asked = JSON.stringify([request.pool, request.count]);
      const before = answers.get(request.token);
      if (before !== undefined && before.request !== asked) throw new Error("IdempotentParameterMismatch");
      const room = capacity[request.pool.name] ?? Infinity;
      const here = alive().filter(({ pool }) => pool === request.pool.name).length;
      const granted = before === undefined ? Math.max(0, Math.min(request.count, room - here)) : 0;
      const refusal = { code: "InsufficientInstanceCapacity", message: "no room", capacity: true };
      const result = before?.result ?? {
        instanceIds: Array.from({ length: granted }, () => add(request)),
        refusals: granted < request.count ? [refusal] : [],
      };
      answers.set(request.token, { request: asked, result });
      tokens.set(request.token, (tokens.get(request.token) ?? 0) + granted);
      if (compute.loseAnswers-- > 0) throw new Error("the answer was lost");
      return result;
    },
    instances: async () => {
      await Promise.resolve();
      if (compute.broken) throw new Error("the provider is away");
      const shown = [...held.values()].filter((it) => it.shownAt <= clock.monotonic());
      return shown.map(({ shownAt: _shown, end: _end, ...it }) => it);
    },
    terminate: async (ids) => {
      await Promise.resolve();
      if (compute.broken) throw new Error("the provider is away");
      for (const id of ids) {
        const one = held.get(id);
        if (one === undefined || one.state === "terminated") continue;
        onTerminate?.(id);
        remove(one, "Client.UserInitiatedShutdown");
      }
    },
    reclaim: (id) => {
      const one = held.get(id);
      if (one !== undefined) remove(one, "Server.SpotInstanceTermination");
    },
  };
  return compute;
}
