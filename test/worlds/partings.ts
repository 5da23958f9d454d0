import type { Random } from "../../base/random.ts";
import { below, chance, pick } from "./chance.ts";
import { brokenInvariants } from "./checker.ts";
import { asking, type JobKind, kind, LASTING, told, USUAL } from "./kinds.ts";
import { cordon, drain, giveNotice, stop } from "./leaving.ts";
import type { Machine } from "./machine.ts";
import { comeToRest, leave, type Played } from "./rest.ts";
import { World } from "./world.ts";

const lengthy = (seconds: number) =>
  kind(`lengthy-${seconds}`, told("success"), {
    request: asking({ service: "lengthy" }),
    program: () => ({ takesMs: seconds * 1000, stdout: "3" }),
    needsS: 2 * seconds,
    runs: 1,
  });

const [BRIEF, MIDDLING, LENGTHY] = [lengthy(2), lengthy(150), lengthy(220)];
/** What runs of the service last in one world: no experience with it, one length, or a longer one than ever. */
const LENGTHS = [[MIDDLING], [LENGTHY], [BRIEF, LENGTHY]];

/** Its delivery is postponed, and takes long when it is tried again. */
const LATE_AND_SLOW = kind("callback-late-and-slow", told("success"), {
  callback: (n) => (n === 0 ? { status: 500 } : { afterMs: 28_000 }),
  needsS: 120,
});

/** Two of them, one after the other, are more than the twelve hours for which SQS hides a message. */
const ENDLESS = kind("endless", told("success"), {
  request: asking({ service: "endless" }),
  program: () => ({ takesMs: 7 * 3_600_000, stdout: "3" }),
  needsS: 15 * 3_600,
  runs: 1,
});

type Order = (world: World, machine: Machine, random: Random) => void;

const notice: Order = (world, machine) => giveNotice(world, machine, true);
/** What makes a machine leave. Of a notice there is most to get wrong. */
const FAREWELLS: readonly Order[] = [
  notice,
  notice,
  notice,
  (world, machine) => drain(world, machine, true),
  (world, machine) => stop(world, machine, true),
  (world, machine) => stop(world, machine, true),
];
const ORDERS: readonly Order[] = [
  ...FAREWELLS,
  (world, machine, random) => cordon(world, machine, below(random, LATEST_MS / 2), true),
];
const LATEST_MS = 600_000;
const MOST_JITTER_MS = 1_000;
/** Of a wall clock that is behind. */
const BEHIND_MS = 3_600_000;

/** A fleet at work. */
interface Scene {
  kinds: readonly JobKind[];
  /** When the last of them is sent. */
  withinMs: number;
  agents: number;
  slots: number;
  /** Its machines are told to go, one after another. */
  isLeft: boolean;
}

const ALONE = { agents: 1, slots: 1, isLeft: false };
const LONG_DAY: Scene = { ...ALONE, kinds: [ENDLESS, ENDLESS], withinMs: 1_000 };
/** More than are delivered at once. */
const MANY_LATE = Array.from({ length: 12 }, () => LATE_AND_SLOW);
const RUSH: Scene = { ...ALONE, kinds: MANY_LATE, withinMs: 20_000 };

/**
 * A calm fleet. Nothing keeps its agents from doing at once what they must when they are told to go, and nothing excuses more.
 */
export async function playPartings(seed: number, random: Random): Promise<Played> {
  const { kinds, withinMs, agents, slots, isLeft } = sceneOf(random);
  const world = new World({
    seed,
    reports: isLeft && chance(random, 0.3),
    settings: { slots, statusPeriodS: 10, drainTimeoutS: pick(random, [20, 300]) },
  });
  for (const it of kinds) world.at(below(random, withinMs), () => world.submit(it));
  const nature = natureOf(random);
  for (let n = agents; n > 0; n--) join(world, nature);
  if (isLeft) {
    world.extend(LATEST_MS);
    for (let n = agents + below(random, 6); n > 0; n--) {
      world.at(below(random, LATEST_MS), () => order(world, nature, random));
    }
  }
  const needsS = kinds.reduce((sum, it) => sum + it.needsS, 0);
  const problems = [...(await comeToRest(world, needsS)), ...(await leave(world))];
  return { world, problems: [...problems, ...brokenInvariants(world)] };
}

function sceneOf(random: Random): Scene {
  const which = random.next();
  if (which < 0.08) return LONG_DAY;
  if (which < 0.2) return RUSH;
  const [agents, slots] = [1 + below(random, 3), 1 + below(random, 3)];
  return { kinds: kindsOf(random), withinMs: LATEST_MS / 2, agents, slots, isLeft: true };
}

function kindsOf(random: Random): JobKind[] {
  const lengths = pick(random, LENGTHS);
  return Array.from({ length: 4 + below(random, 12) }, () => {
    if (chance(random, 0.3)) return LATE_AND_SLOW;
    if (chance(random, 0.2)) return pick(random, chance(random, 0.5) ? LASTING : USUAL);
    return pick(random, lengths);
  });
}

/** What is a little off on every machine, and must not matter. */
interface Nature {
  jitterMs: () => number;
  skewMs: number;
}

function natureOf(random: Random): Nature {
  const isJittery = chance(random, 0.5);
  return {
    jitterMs: () => (isJittery ? below(random, MOST_JITTER_MS) : 0),
    skewMs: chance(random, 0.2) ? -BEHIND_MS : 0,
  };
}

function join(world: World, nature: Nature): void {
  Object.assign(world.start().host, nature);
}

/** Somebody tells a machine something; another one takes its place. */
function order(world: World, nature: Nature, random: Random): void {
  const live = world.live();
  join(world, nature);
  if (live.length === 0) return;
  const machine = pick(random, live);
  // A machine that reports reads its orders itself.
  pick(random, machine.isReporting ? FAREWELLS : ORDERS)(world, machine, random);
}
