import { readFileSync, writeFileSync } from "node:fs";
import { MISHAPS, NUMBERED } from "./faults.ts";
import { ALL_KINDS } from "./slow-kinds.ts";
import { enumerate, SIDE_BY_SIDE } from "./schedules.ts";
import { playSeed } from "./swarm.ts";
import { warmUp } from "../../schemas/validate.ts";

export interface RunOptions {
  /** How many random worlds; the first one is `seed`, or 0. */
  seeds: number | undefined;
  seed: number | undefined;
  /** Enumerate every schedule of up to so many faults. */
  faults: number | undefined;
  /** With commas, of which mishaps; of all, else. */
  mishaps: string | undefined;
  /** With commas, only these kinds of job in the enumeration. */
  kind: string | undefined;
  /** `1/2`: the first of two shares of the work. */
  part: string | undefined;
  json: boolean;
  /** A planted bug is to be found: stop at the first broken invariant, keep nothing. */
  isMutated: boolean;
}

interface Kept {
  seed: number;
  sentence: string;
}

const KEPT = new URL("./kept-seeds.json", import.meta.url);
/** From so many worlds on, every numbered fault must have happened. */
const FULL_RUN = 5_000;
const MOST_SHOWN = 5;

/** What a run adds up to. */
class Tally {
  worlds = 0;
  readonly fired = new Set<number>();
  readonly broken: { what: string; seed?: number; problems: readonly string[] }[] = [];

  add(
    what: string,
    world: { numbers: { fired: ReadonlySet<number> }; history: { lines(): string[] } },
    problems: readonly string[],
    seed?: number,
  ): void {
    this.worlds++;
    for (const it of world.numbers.fired) this.fired.add(it);
    if (problems.length === 0) return;
    this.broken.push({ what, problems, ...(seed === undefined ? {} : { seed }) });
    if (this.broken.length > MOST_SHOWN) return;
    process.stderr.write(`\n${what}\n${world.history.lines().join("\n")}\n  ✗ ${problems.join("\n  ✗ ")}\n`);
  }
}

/** Resolves to the exit code: 0 when every invariant held. */
export async function run(options: RunOptions): Promise<number> {
  const startedAt = performance.now();
  const tally = new Tally();
  const stray: unknown[] = [];
  process.on("unhandledRejection", (reason) => stray.push(reason));
  warmUp();
  const isReplay = options.seed !== undefined && options.seeds === undefined;
  if (isReplay) await replay(options.seed ?? 0, tally);
  else if (!options.isMutated) {
    await playSome(
      keptSeeds().map((it) => it.seed),
      tally,
      stray,
    );
  }
  if (options.faults !== undefined) await playSchedules(options.faults, options, tally, stray);
  const first = options.seed ?? 0;
  const seeds = options.seeds ?? (isReplay || options.faults !== undefined ? 0 : 1_000);
  const mine = Array.from({ length: seeds }, (_, i) => first + i).filter((it) => isMine(options.part, it));
  for (let i = 0; i < mine.length && !(options.isMutated && tally.broken.length > 0); i += SIDE_BY_SIDE) {
    await playSome(mine.slice(i, i + SIDE_BY_SIDE), tally, stray);
  }
  if (!options.isMutated) keep(tally);
  return report(options, tally, (performance.now() - startedAt) / 1000);
}

async function playSome(seeds: readonly number[], tally: Tally, stray: unknown[]): Promise<void> {
  const swarms = await Promise.all(seeds.map(async (seed) => ({ seed, ...(await playSeed(seed)) })));
  for (const { seed, world, problems } of swarms) {
    tally.add(`seed ${seed}`, world, [...problems, ...takeStray(stray)], seed);
  }
}

async function replay(seed: number, tally: Tally): Promise<void> {
  const { world, problems } = await playSeed(seed);
  process.stdout.write(`${world.history.lines().join("\n")}\n`);
  tally.add(`seed ${seed}`, { numbers: world.numbers, history: { lines: () => [] } }, problems, seed);
}

/** A rejection that nobody handled would end an agent. */
function takeStray(stray: unknown[]): string[] {
  return stray.splice(0).map((it) => `a rejection that nobody handled: ${String(it)}`);
}

async function playSchedules(
  depth: number,
  { part, isMutated, ...options }: RunOptions,
  tally: Tally,
  stray: unknown[],
): Promise<void> {
  const mishaps = choose(options.mishaps, MISHAPS, (it) => it);
  const kinds = choose(options.kind, ALL_KINDS, (it) => it.name);
  for (const [i, kind] of kinds.entries()) {
    if (!isMine(part, i)) continue;
    for await (const { faults, played } of enumerate(kind, depth, mishaps)) {
      const named = faults.map(({ at, mishap }) => `${mishap} at ${at} (${played.calls[at - 1]?.name})`);
      const problems = [...played.problems, ...takeStray(stray)];
      tally.add(`${kind.name}: ${named.join(", ") || "no fault"}`, played.world, problems);
      if (isMutated && tally.broken.length > 0) return;
    }
  }
}

/** Those of `all` that are called so; all of them when nothing is said. */
function choose<T>(names: string | undefined, all: readonly T[], nameOf: (it: T) => string): readonly T[] {
  return (
    names?.split(",").map((name) => {
      const known = all.find((it) => nameOf(it) === name);
      if (known === undefined) throw new Error(`${name} is none of ${all.map(nameOf).join(", ")}.`);
      return known;
    }) ?? all
  );
}

function isMine(part: string | undefined, n: number): boolean {
  if (part === undefined) return true;
  const [own = 1, of = 1] = part.split("/").map(Number);
  return n % of === own - 1;
}

function keptSeeds(): Kept[] {
  return JSON.parse(readFileSync(KEPT, "utf8")) as Kept[];
}

/** What failed once is played first for ever. */
function keep(tally: Tally): void {
  const known = keptSeeds();
  const fresh = tally.broken.flatMap(({ seed, problems }) =>
    seed === undefined || known.some((it) => it.seed === seed) ? [] : [{ seed, sentence: problems[0] ?? "" }],
  );
  if (fresh.length === 0) return;
  writeFileSync(KEPT, `${JSON.stringify([...known, ...fresh.slice(0, MOST_SHOWN)], undefined, 2)}\n`);
}

function report({ json, isMutated, part, seeds }: RunOptions, tally: Tally, tookS: number): number {
  const missing = Object.keys(NUMBERED)
    .map(Number)
    .filter((it) => !tally.fired.has(it));
  const isFull = (seeds ?? 0) >= FULL_RUN && part === undefined && !isMutated;
  const isWell = tally.broken.length === 0 && (!isFull || missing.length === 0);
  if (json) {
    const { worlds, broken } = tally;
    const fired = [...tally.fired].toSorted((a, b) => a - b);
    process.stdout.write(`${JSON.stringify({ worlds, tookS, fired, missing, broken })}\n`);
    return isWell ? 0 : 1;
  }
  const perS = Math.round(tally.worlds / tookS);
  process.stdout.write(
    [
      `${tally.worlds} schedules in ${tookS.toFixed(1)} s, ${perS} a second`,
      `faults fired: ${[...tally.fired].toSorted((a, b) => a - b).join(" ")}`,
      ...(isFull && missing.length > 0
        ? [`never fired: ${missing.map((it) => `${it} (${NUMBERED[it]})`).join(", ")}`]
        : []),
      tally.broken.length === 0
        ? "invariants held: I1 I2 I3 I4 I5 I6 I9 I10"
        : `broken in ${tally.broken.length} schedules; again with: npm run sim -- --seed ${tally.broken[0]?.seed ?? "…"}`,
      "",
    ].join("\n"),
  );
  return isWell ? 0 : 1;
}
