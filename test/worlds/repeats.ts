import type { Host } from "./host.ts";
import { type Passing, PAUSE_MS, type SentJob } from "./ledger.ts";
import type { Attempt } from "./servers.ts";
import type { World } from "./world.ts";

/** I4, and what else is wrong with how often, and how soon, the client of one job and generation was asked. */
export function repeatFaults(world: World, job: SentJob, id: string, attempts: readonly Attempt[]): string[] {
  return [
    ...repeats(world, job, attempts),
    ...persistence(world, job, id, attempts),
    ...impatience(world, job, attempts),
  ];
}

/** Long enough for an agent in trouble to write down what it knows, had the bucket been there. */
const STATEMENT_MS = 12_000;
/** Held up longer than this between decision and arrival, a request is no longer covered by its claim. */
const STALE_MS = 30_000;

/** I4: a repeat only after an unknown or failed outcome, and never two at the same time. */
function repeats(world: World, job: SentJob, attempts: readonly Attempt[]): string[] {
  const problems: string[] = [];
  const isExplained = world.trouble > 0 || world.excusesOverlap || job.healed;
  for (const [i, it] of attempts.entries()) {
    if (it.heldUpMs > STALE_MS) continue; // stopped between decision and request: nobody can take it back
    for (const before of attempts.slice(0, i)) {
      if (before.heldUpMs > STALE_MS) continue;
      if (before.until > it.from && !isFrozenIn(before, before.from, it.from)) {
        problems.push("I4: two deliveries at the same time");
      }
      if (before.status === 410 && !isExplained) problems.push("I4: asked again after 410");
      const isTooSoon = it.from - before.until < PAUSE_MS;
      if (isTooSoon && world.isCalm && !job.healed)
        problems.push("a receiver was asked again without a pause");
      if (before.status === undefined || before.status >= 300 || !before.heard) continue;
      if (!mayBeForgotten(before, it.from)) problems.push("I4: repeated after a success that was heard");
    }
  }
  return problems;
}

/** I4: what was given up is in the hands of people, unless its agent was kept from saying so in the bucket. */
function persistence(world: World, job: SentJob, id: string, attempts: readonly Attempt[]): string[] {
  const isLetter = ({ queue, event, id: of, message: { attributes } }: Passing) =>
    queue === "dead" && event === "sent" && of === id && attributes["drover-code"] === "output-undeliverable";
  const letter = world.ledger.passings.find(isLetter);
  if (letter === undefined || job.healed || world.farewells > 0) return [];
  const last = attempts.findLast((it) => it.until <= letter.at);
  const again = attempts.find((it) => it.from > letter.at && it.heldUpMs <= STALE_MS);
  if (last?.heard !== true || again === undefined) return [];
  // Who parked it may be another than the last that reached the receiver.
  const parker = letter.message.attributes["drover-instance"];
  const hosts = world.machines.map((it) => it.host).filter((it) => it === last.host || it.name === parker);
  const isHarmed = hosts.some((it) => mayBeUnparked(it, last.from, again.from));
  return isHarmed ? [] : ["I4: asked again after it was parked"];
}

/** Something happened to an agent meanwhile. */
function mayBeUnparked(host: Host, from: number, until: number): boolean {
  if (host.wasSlow || isFrozenIn({ host }, from, until)) return true;
  const isMeanwhile = (at: number) => from <= at && at <= until;
  return host.harmedAt.some(isMeanwhile) || (host.diedAt !== undefined && isMeanwhile(host.diedAt));
}

/** The agent that heard it was lost, stopped or kept from the bucket before it could write it down. */
function mayBeForgotten({ host, until }: Attempt, before: number): boolean {
  if (host.diedAt !== undefined && host.diedAt <= before) return true;
  // On a slow network the answer, the delete and its answer take their time before the statement sets out.
  const statedMs = until + 4 * host.worstLagMs + STATEMENT_MS;
  return isFrozenIn({ host }, until, before) || host.isCut("objects", until, Math.min(before, statedMs));
}

function isFrozenIn({ host }: Pick<Attempt, "host">, from: number, until: number): boolean {
  return host.frozen.some((it) => it.from <= until && from < it.until);
}

/** A receiver that asked for time gets it (Retry-After). */
function impatience(world: World, { kind, healed }: SentJob, attempts: readonly Attempt[]): string[] {
  const [first, second] = attempts;
  if (kind.asksForS === undefined || healed || first?.heard !== true || second === undefined) return [];
  if (world.trouble > 0 || world.excusesOverlap) return [];
  const afterS = (second.from - first.until) / 1000;
  return afterS < kind.asksForS ? [`asked again ${afterS} s after it asked for ${kind.asksForS} s`] : [];
}
