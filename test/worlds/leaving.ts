import type { HeldMessage } from "../support/memory-queue.ts";
import { requestOf } from "./documents.ts";
import type { Host } from "./host.ts";
import { SERVICES } from "./kinds.ts";
import { resultOf, type SentJob } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import { fateOf } from "./prospects.ts";
import type { World } from "./world.ts";

/** EC2 gives two minutes. */
const NOTICE_MS = 120_000;
/** So long before that an agent ends what still runs. */
const MARGIN_MS = 10_000;
/** Before the machine is gone nothing may be left in its hands. */
const LAST_LOOK_MS = 1_000;
/** For a decision that needs no program and no client. */
const AT_ONCE_MS = 5_000;
/** For an agent that hands everything back; a stubborn program must be killed first. */
const GONE_MS = 10_000;
/** What has ended just now may not be known to its agent yet. */
const JUST_NOW_MS = 1_000;

/** Tells an agent to hand everything back now. @param mustBeQuick nothing holds it up */
export function stop(world: World, machine: Machine, mustBeQuick: boolean): void {
  const { host, worker } = machine;
  world.history.say(host.name, "is told to stop at once");
  worker.stop();
  farewell(world, machine);
  if (!mustBeQuick) return;
  expectBack(world, host, "left", (it) => !hasResult(world, it));
  expectGone(world, machine, 0);
}

/** Tells an agent to finish what it runs, and to take nothing more. @param mustBeQuick nothing holds it up */
export function drain(world: World, machine: Machine, mustBeQuick: boolean): void {
  const { host, worker, drainTimeoutMs } = machine;
  world.history.say(host.name, "is told to leave");
  worker.drain();
  world.leaving.add(machine);
  // Just before its patience ends: what still runs then is done again elsewhere.
  world.clock.after(drainTimeoutMs - 1, () => {
    if (host.dead || machine.leftAt() !== undefined) return;
    world.trouble++;
    world.farewells++;
    world.extend(world.clock.monotonic());
  });
  if (!mustBeQuick) return;
  expectBack(world, host, "is leaving", (it) => isWaiting(world.ledger.jobOf(it)));
  expectGone(world, machine, drainTimeoutMs);
}

/** A spot notice: the machine is gone in two minutes, and its agent is told. @param mustBeQuick nothing holds it up */
export function giveNotice(world: World, machine: Machine, mustBeQuick: boolean): void {
  const { clock, ledger } = world;
  const { host, worker } = machine;
  world.history.say(host.name, "hears that it is gone in two minutes");
  worker.evacuate(clock.now() + NOTICE_MS);
  farewell(world, machine);
  world.extend(clock.monotonic() + NOTICE_MS);
  if (mustBeQuick) {
    const fates = new Map(ledger.jobs.map((it) => [it, fateOn(world, host, it)]));
    expectBack(world, host, "had notice", (it) => {
      const job = ledger.jobOf(it);
      const fate = job === undefined ? undefined : fates.get(job);
      return fate === undefined ? isWaiting(job) : fate === "hand back";
    });
    expectKept(
      world,
      host,
      ledger.jobs.filter((it) => fates.get(it) === "keep"),
    );
    clock.after(NOTICE_MS - LAST_LOOK_MS, () => {
      if (!host.dead && machine.leftAt() === undefined)
        ledger.wrongs.push(`${host.name} is about to be gone and has not left`);
    });
  }
  clock.after(NOTICE_MS, () => void (machine.leftAt() === undefined && host.die()));
}

/** Somebody wants this machine to take no message for a while: it goes on with what it runs. */
export function cordon(world: World, { host, worker }: Machine, ms: number, mustBeQuick: boolean): void {
  const { clock, history, ledger } = world;
  history.say(host.name, "is told to take no message");
  let isOver = false;
  let isHeeded = false;
  void worker.heed("1").then(() => {
    isHeeded = true;
    host.isCordoned = !isOver;
  });
  world.trouble++;
  world.farewells++;
  world.extend(clock.monotonic() + ms);
  if (mustBeQuick) {
    expectBack(world, host, "is cordoned", (it) => isWaiting(ledger.jobOf(it)));
    clock.after(AT_ONCE_MS, () => {
      if (!isHeeded && !isOver && !host.isHeldUp) ledger.wrongs.push(`${host.name} still polls`);
    });
  }
  clock.after(ms, () => {
    isOver = true;
    host.isCordoned = false;
    void worker.heed(undefined);
  });
}

/** It may wait in the queue, as long as a heartbeat would hide it, until somebody's claim has run out. */
function hasResult({ cloud, ledger }: World, message: HeldMessage): boolean {
  return cloud.objects.stored.has(resultOf(ledger.idOf(message)));
}

/** Its program is still to come. Of others the result may be on its way. */
function isWaiting(job: SentJob | undefined): boolean {
  return job !== undefined && job.kind.runs !== 0 && job.runs === 0 && !job.cancelled;
}

/** What must become of the run of a job on a machine that has its notice; undefined when none runs there. */
function fateOn({ clock }: World, host: Host, { kind, n, running }: SentJob) {
  const begunAt = running.get(host);
  const request = requestOf(kind, n);
  if (begunAt === undefined || typeof request === "string") return undefined;
  const now = clock.monotonic();
  const earlier = host.runs.filter((it) => it.service === request.service);
  if (request.deadlineS !== undefined || earlier.some((it) => now - it.endedAt < JUST_NOW_MS))
    return "either";
  const limitS = SERVICES.find((it) => it.name === request.service)?.timeoutS ?? Infinity;
  const runningS = (now - begunAt) / 1000;
  // Stopped at its limit before anybody looks.
  if ((limitS - runningS) * 1000 <= AT_ONCE_MS) return "either";
  const run = { runningS, leftS: (NOTICE_MS - MARGIN_MS) / 1000, limitS };
  return fateOf(
    run,
    earlier.map((it) => it.tookS),
  );
}

/** A program that will end in time goes on. */
function expectKept({ clock, ledger }: World, host: Host, jobs: readonly SentJob[]): void {
  clock.after(AT_ONCE_MS, () => {
    for (const { n, running, cancelled } of jobs) {
      const hasEnded = host.runs.some((it) => it.n === n);
      if (running.has(host) || hasEnded || cancelled || host.isHeldUp) continue;
      ledger.wrongs.push(`${host.name} ended job ${n} on a notice, though there was time for it`);
    }
  });
}

/** Nothing keeps an agent that has to be gone by then. */
function expectGone({ clock, ledger }: World, { host, leftAt }: Machine, inMs: number): void {
  clock.after(inMs + GONE_MS, () => {
    if (leftAt() === undefined && !host.isHeldUp) ledger.wrongs.push(`${host.name} should have left by now`);
  });
}

function farewell(world: World, machine: Machine): void {
  world.trouble++; // what it was doing is done again elsewhere
  world.farewells++;
  world.leaving.add(machine);
}

function expectBack(world: World, host: Host, why: string, which: (it: HeldMessage) => boolean): void {
  world.handBacks.expect(host, which, (id) =>
    world.ledger.wrongs.push(`I10: ${host.name} ${why} and did not hand ${id} back`),
  );
}
