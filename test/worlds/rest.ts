import type { World } from "./world.ts";

/** A world that has come to its end, and what was wrong in it. */
export interface Played {
  world: World;
  problems: readonly string[];
}

const VISIBILITY_MS = 60_000;
/** Turns and round trips beside what the jobs need. */
const SLACK_MS = 15_000;
/** Steps of time within one wait. A world that takes more goes round in circles without getting on. */
const MOST_STEPS = 300_000;

/**
 * Lets time pass until nothing is due; an agent that was lost is replaced, one that is stopped or cut off gets company.
 * I10 when the world is not at rest two visibility timeouts after its last trouble and what its jobs need by themselves.
 */
export async function comeToRest(world: World, needsS: number): Promise<string[]> {
  const { clock } = world;
  // Budgets go by the wall clock: set back, they end that much later.
  const later = () => world.backOffMs + (world.mishaps.has("clock-back") ? world.trouble * world.jumpMs : 0);
  // Where nothing ever went wrong, nobody has to wait for a visibility timeout, nor for a claim.
  const timeouts = () => (world.isCalm ? 0 : 2);
  const isLate = () =>
    clock.monotonic() > world.wellFromMs + timeouts() * VISIBILITY_MS + needsS * 1000 + SLACK_MS + later();
  const isShort = () => world.live().length < (world.needsCompany ? 2 : 1);
  let steps = 0;
  do {
    if (isShort()) world.replace();
    await clock.until(() => ++steps > MOST_STEPS || world.isIdle() || isShort() || isLate(), Infinity);
  } while (isShort() && !world.isIdle());
  if (steps > MOST_STEPS) return ["the world goes round in circles"];
  if (world.isIdle()) return [];
  const lateS = Math.round((clock.monotonic() - world.wellFromMs) / 1000);
  return [`I10: not at rest ${lateS} s after the last fault`];
}

/** Nothing is to be done any more: a poll ends at once, the log's last lines are on their way for a moment. */
const LEAVE_MS = 5_000;
/** The last calls of an agent may be slow ones. */
const LEAVE_SLOWLY_MS = 40_000;

/** Tells every agent to leave in order, and waits until it has. */
export async function leave(world: World): Promise<string[]> {
  const { clock } = world;
  const staying = new Set(world.live());
  for (const machine of staying) {
    machine.worker.drain();
    void machine.ended.then(() => staying.delete(machine));
  }
  const toldAt = clock.monotonic();
  const withinMs = () => (world.isCalm ? LEAVE_MS : LEAVE_SLOWLY_MS);
  const isLate = () => clock.monotonic() > Math.max(toldAt, world.wellFromMs) + withinMs();
  const isGone = () => [...staying].every(({ host }) => host.dead);
  await clock.until(() => isGone() || isLate() || clock.timers === 0, Infinity);
  return isGone() ? [] : ["an agent that was told to leave, with nothing to do, is still there"];
}
