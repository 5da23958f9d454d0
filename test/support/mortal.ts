/**
 * How an agent meets a fault at its n-th outside call.
 * `dies-before`: it is gone before the call has an effect. `dies-after`: the call had its effect, then it is gone.
 * `fails`: the call throws and had no effect. `answer-lost`: the call had its effect and throws all the same.
 */
export type FaultKind = "dies-before" | "dies-after" | "fails" | "answer-lost";

export interface Fault {
  kind: FaultKind;
  /** From 1. */
  at: number;
}

/** The life of one agent, as far as its outside calls show it. */
export interface Life {
  readonly calls: readonly string[];
  readonly dead: boolean;
  /** True once the fault has happened. */
  readonly fired: boolean;
  /** By how much its wall clock is off, milliseconds. */
  skewMs: number;
  die(): void;
  /** From now on every matching call fails without an effect, until cut() is called without a pattern. */
  cut(calls?: RegExp): void;
  /** The port as this agent sees it: every call counts, and none comes back once it is dead. */
  wrap<T extends object>(label: string, port: T): T;
}

const never = () => new Promise<never>(() => undefined);

/** @param counted which calls may meet the fault, by `port.method` */
export function createLife(fault?: Fault, counted: (call: string) => boolean = () => true): Life {
  const calls: string[] = [];
  let [dead, fired] = [false, false];
  let broken: RegExp | undefined;
  const meet = async (name: string, work: () => Promise<unknown>): Promise<unknown> => {
    if (dead) return await never();
    if (broken?.test(name)) throw new Error(`${name}: the network is down`);
    const here = counted(name) && calls.push(name) === fault?.at ? fault.kind : undefined;
    fired ||= here !== undefined;
    if (here === "fails") throw new Error(`${name} failed`);
    if (here === "dies-before") {
      dead = true;
      return await never();
    }
    const result = await work();
    if (here === "dies-after") dead = true;
    if (dead) return await never();
    if (here === "answer-lost") throw new Error(`the answer of ${name} was lost`);
    return result;
  };
  return {
    calls,
    get dead() {
      return dead;
    },
    get fired() {
      return fired;
    },
    skewMs: 0,
    die: () => void (dead = true),
    cut: (pattern) => void (broken = pattern),
    wrap: (label, port) =>
      new Proxy(port, {
        get: (target, name, receiver) => {
          const value: unknown = Reflect.get(target, name, receiver);
          if (typeof value !== "function" || name === "readStream") return value;
          return (...args: unknown[]) =>
            meet(
              `${label}.${String(name)}`,
              async () => (await Reflect.apply(value, target, args)) as unknown,
            );
        },
      }),
  };
}
