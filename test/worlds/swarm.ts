import type { Random } from "../../base/random.ts";
import { replay, withDeadLetters } from "../../operator/dlq/dead-letters.ts";
import { cancel } from "../../operator/jobs/jobs.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { brokenInvariants } from "./checker.ts";
import { below, chance, pick } from "./chance.ts";
import type { Nature } from "./cloud.ts";
import { MISHAPS, type Mishap } from "./faults.ts";
import { FLEET_KEY, LASTING, USUAL } from "./kinds.ts";
import { cordon, drain, giveNotice, stop } from "./leaving.ts";
import { playPartings } from "./partings.ts";
import { comeToRest, leave, type Played } from "./rest.ts";
import { type Fault, playSchedule } from "./schedules.ts";
import { SLOW } from "./slow-kinds.ts";
import { World } from "./world.ts";

/**
 * Plays the world that a seed stands for: one job and up to three faults, several agents with many of both, or a calm fleet
 * whose machines are told to go.
 */
export async function playSeed(seed: number): Promise<Played> {
  const random = createSeededRandom(seed);
  const which = random.next();
  if (which < 0.5) return await playOneJob(seed, random);
  return which < 0.96 ? await playCrowd(seed, random) : await playPartings(seed, random);
}

async function playOneJob(seed: number, random: Random): Promise<Played> {
  const kind = pick(random, chance(random, 0.08) ? SLOW : USUAL);
  const clocks = chance(random, 0.1);
  const faults: Fault[] = [];
  for (let n = below(random, 4); n > 0; n--) {
    const mishap = pick(random, MISHAPS);
    if (clocks || !mishap.startsWith("clock")) faults.push({ at: 1 + below(random, 24), mishap });
  }
  return await playSchedule(kind, faults, {
    seed,
    mayMiss: true,
    nature: natureOf(random),
    natureUntilMs: 60_000,
  });
}

/** Little enough for a lease not to notice. */
const POLL_LAG_MS = 2_000;
const RATES = [0, 0.005, 0.02, 0.06];
/** Each world has some kinds of mishap only, so that rare ones get their chance and none hides another. */
const MOST_KINDS_OF_MISHAP = 5;

async function playCrowd(seed: number, random: Random): Promise<Played> {
  const enabled = Array.from({ length: 1 + below(random, MOST_KINDS_OF_MISHAP) }, () =>
    pick(random, MISHAPS),
  );
  const usable = chance(random, 0.1) ? enabled : enabled.filter((it) => !it.startsWith("clock"));
  const rate = pick(random, RATES);
  const untilMs = 1000 * pick(random, [5, 30, 120]);
  const reports = chance(random, 0.3);
  const meet = (): Mishap | undefined => {
    if (usable.length === 0 || random.next() >= rate || world.clock.monotonic() > untilMs) return undefined;
    return pick(random, usable);
  };
  const world = new World({
    seed,
    meet,
    reports,
    nature: natureOf(random),
    natureUntilMs: untilMs,
    settings: { slots: 1 + below(random, 3), statusPeriodS: 10 },
  });
  world.extend(untilMs);
  for (let n = 1 + below(random, 3); n > 0; n--) world.start();
  const kinds = Array.from({ length: 1 + below(random, chance(random, 0.1) ? 16 : 5) }, () =>
    pick(random, chance(random, 0.2) ? LASTING : USUAL),
  );
  const sentMs = kinds.map(() => below(random, untilMs));
  for (const [i, kind] of kinds.entries()) world.at(sentMs[i] ?? 0, () => world.submit(kind));
  if (chance(random, 0.05)) catchArriving(world, pick(random, sentMs), rate);
  meddle(world, random, { untilMs, rate, reports });
  const needsS = kinds.reduce((sum, it) => sum + it.needsS, 0);
  const problems = await comeToRest(world, needsS);
  if (problems.length === 0 && chance(random, 0.3)) {
    await replayAll(world, random);
    problems.push(...(await comeToRest(world, needsS)));
  }
  problems.push(...(await leave(world)));
  return { world, problems: [...problems, ...brokenInvariants(world)] };
}

/** What people and the cloud's provider do meanwhile: machines lost or leaving, jobs cancelled, links flapping. */
function meddle(
  world: World,
  random: Random,
  { untilMs, rate, reports }: { untilMs: number; rate: number; reports: boolean },
): void {
  const someone = () => {
    const live = world.live();
    return live[below(random, live.length)];
  };
  const sometimes = (probability: number, work: () => unknown) => {
    if (chance(random, probability)) world.at(below(random, untilMs), work);
  };
  sometimes(0.3, () => someone()?.host.die());
  sometimes(0.2, () => {
    const machine = someone();
    if (machine === undefined) return;
    if (machine.worker.holdings().runningS.length > 0) world.numbers.fire([32]);
    drain(world, machine, rate === 0);
  });
  sometimes(0.1, () => {
    const machine = someone();
    if (machine === undefined) return;
    stop(world, machine, rate === 0);
  });
  sometimes(0.1, () => {
    const machine = someone();
    if (machine === undefined) return;
    if (machine.worker.holdings().runningS.length > 0) world.numbers.fire([32]);
    giveNotice(world, machine, rate === 0);
  });
  if (!reports) {
    sometimes(0.1, () => {
      const machine = someone();
      if (machine !== undefined) cordon(world, machine, below(random, untilMs), rate === 0);
    });
  }
  if (chance(random, 0.05)) restartAll(world, random, untilMs);
  sometimes(0.2, () => {
    const machine = someone();
    if (machine !== undefined) world.cutOff(machine.host, pick(random, PORTS));
  });
  sometimes(0.1, () => {
    const machine = someone();
    if (machine !== undefined) world.fade(machine.host, 1_000 * (6 + below(random, 3)));
  });
  sometimes(0.2, () => cancelOne(world, random));
  if (chance(random, 0.05)) flap(world, random, untilMs);
}

/** Whoever has taken the job that is sent then is told to stop before the queue's answer has reached it. */
function catchArriving(world: World, sentMs: number, rate: number): void {
  for (const { host } of world.machines) host.pollLagMs = POLL_LAG_MS;
  world.at(sentMs + POLL_LAG_MS / 2, () => {
    for (const machine of world.live()) stop(world, machine, rate === 0);
  });
}

/** A fleet is restarted several times in a row: whoever lives is told to leave, again and again. */
function restartAll(world: World, random: Random, untilMs: number): void {
  for (let n = 2 + below(random, 6); n > 0; n--) {
    world.at(below(random, untilMs), () => {
      for (const machine of world.live()) stop(world, machine, false);
    });
  }
  world.extend(untilMs);
}

async function cancelOne(world: World, random: Random): Promise<void> {
  const job = world.ledger.jobs[below(random, world.ledger.jobs.length)];
  if (job === undefined || job.id === "") return;
  try {
    await cancel(world.cloud.objects, { id: job.id, generation: 0 });
    job.cancelled = true;
    job.cancelledAt = world.clock.monotonic();
    world.history.say("operator", `cancels job ${job.n}`);
  } catch {
    world.history.say("operator", `hears that job ${job.n} is finished`);
  }
}

const PORTS = ["requests", "deliveries", "responses", "dead", "objects", "http", "store"];

/** Every link of every agent comes and goes. */
function flap(world: World, random: Random, untilMs: number): void {
  world.numbers.fire([28, 41]);
  world.trouble += PORTS.length;
  for (let ms = 0; ms < untilMs; ms += 4_000) {
    world.at(ms, () => {
      for (const { host } of world.live()) host.cutOff(pick(random, PORTS), 3_000);
    });
  }
  world.extend(untilMs + 3_000);
  world.expectLongBackOffs();
}

/** What people do with dead letters: the receivers work again, and every letter goes on its way once more. */
async function replayAll(world: World, random: Random): Promise<void> {
  const { ledger, history, clock, cloud } = world;
  const { queues, objects } = cloud;
  const tools = { queues, objects, fleetKey: FLEET_KEY, random };
  for (const job of ledger.jobs) job.healed = true;
  const done = new Set<string>();
  await withDeadLetters(tools, 100, async (letters) => {
    for (const letter of letters) {
      const job = ledger.jobs.find((it) => it.id === letter.job.id);
      const how = await replay(tools, letter, done);
      history.say("operator", `replays ${letter.job.id}: ${how}`);
      if (letter.code === "output-undeliverable" && how !== "redelivery" && how !== "a double") {
        ledger.wrongs.push(`${letter.job.id} had its result, and was done anew instead of delivered`);
      }
      if (job !== undefined && how === "new generation") {
        job.generations = Math.max(job.generations, letter.job.generation + 2);
      }
    }
  });
  world.extend(clock.monotonic());
}

function natureOf(random: Random): Nature {
  if (chance(random, 0.5)) return {};
  const [twice, empty, late] = [pick(random, [0, 0, 0.1]), pick(random, [0, 0.2]), pick(random, [0, 3_000])];
  return {
    pick: (visible, max) => {
      if (chance(random, empty)) return [];
      return visible
        .map((it) => ({ it, order: random.next() }))
        .toSorted((a, b) => a.order - b.order)
        .slice(0, max)
        .map(({ it }) => it);
    },
    ...(twice > 0 ? { twice: () => chance(random, twice) } : {}),
    lateMs: () => random.next() * late,
    oldHandles: pick(random, ["refused", "ignored", "good"] as const),
  };
}
