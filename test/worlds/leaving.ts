import type { HeldMessage } from "../support/memory-queue.ts";
import type { Host } from "./host.ts";
import { resultOf, type SentJob } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import type { World } from "./world.ts";

/** EC2 gives two minutes. */
const NOTICE_MS = 120_000;
/** A program that began so recently, where none has ended yet, is not expected to end within the notice. */
const JUST_BEGUN_MS = 5_000;
/** Before the machine is gone nothing may be left in its hands. */
const LAST_LOOK_MS = 1_000;

/** Tells an agent to hand everything back now. @param mustBeQuick nothing holds it up */
export function stop(world: World, machine: Machine, mustBeQuick: boolean): void {
  const { host, worker } = machine;
  world.history.say(host.name, "is told to stop at once");
  worker.stop();
  farewell(world, machine);
  if (mustBeQuick) expectBack(world, host, "left", (it) => !hasResult(world, it));
}

/** Tells an agent to finish what it runs, and to take nothing more. @param mustBeQuick nothing holds it up */
export function drain(world: World, machine: Machine, mustBeQuick: boolean): void {
  const { host, worker } = machine;
  world.history.say(host.name, "is told to leave");
  worker.drain();
  world.leaving.add(machine);
  if (mustBeQuick) expectBack(world, host, "is leaving", (it) => isWaiting(world.ledger.jobOf(it)));
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
    const now = clock.monotonic();
    expectBack(world, host, "had notice", (it) => {
      const job = ledger.jobOf(it);
      const begunAt = job?.running.get(host);
      if (begunAt === undefined) return isWaiting(job);
      return host.ended === 0 && now - begunAt < JUST_BEGUN_MS && job?.kind.name === "long";
    });
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
  void worker.heed("1").then(() => (host.isCordoned = !isOver));
  world.trouble++;
  world.farewells++;
  world.extend(clock.monotonic() + ms);
  if (mustBeQuick) expectBack(world, host, "is cordoned", (it) => isWaiting(ledger.jobOf(it)));
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
