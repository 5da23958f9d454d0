import type { Clock } from "../../base/clock.ts";
import { DroverError } from "../../base/errors.ts";
import type { Channel } from "../../bootstrap/release/channel.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { type InstanceRelease, instancesOf } from "./fleet.ts";

const LOOK_MS = 500;

/** What an instance is to run by the channel. */
export function wantedOf({ release, canary }: Channel, instance: string): string {
  return canary?.instances.includes(instance) === true ? canary.version : release.version;
}

/**
 * Waits until every instance that reports runs what the channel names for it. `onChange` hears of each that does.
 * Throws `deploy-refused` when one says why it will not, `deploy-slow` when the time is over.
 */
export async function awaitFleet(
  { store, clock }: { store: Store; clock: Clock },
  channel: Channel,
  limitS: number,
  onChange: (it: InstanceRelease) => void,
): Promise<void> {
  const deadline = clock.monotonic() + limitS * 1000;
  const told = new Set<string>();
  for (;;) {
    const instances = await instancesOf(store, clock.now());
    const isThere = (it: InstanceRelease) => it.release === wantedOf(channel, it.instance) && !it.isChanging;
    for (const it of instances) {
      if (!isThere(it) || told.has(it.instance)) continue;
      told.add(it.instance);
      onChange(it);
    }
    const late = instances.filter((it) => !isThere(it));
    if (late.length === 0) return;
    const refusing = late.filter((it) => it.problem.includes(wantedOf(channel, it.instance)));
    if (refusing.length > 0 && refusing.length === late.length) throw refused(refusing);
    if (clock.monotonic() > deadline) throw slow(late, limitS);
    await clock.sleep(LOOK_MS);
  }
}

function refused(instances: readonly InstanceRelease[]): DroverError {
  const each = instances.map((it) => `${it.instance} keeps ${it.release}: ${it.problem}`).join("; ");
  return new DroverError(
    "deploy-refused",
    `${each}. The fleet goes on; take the release back with: drover rollback`,
  );
}

function slow(instances: readonly InstanceRelease[], limitS: number): DroverError {
  const each = instances.map(
    (it) =>
      `${it.instance} runs ${it.release}${it.isChanging ? " beside another" : ""}${it.problem && ` (${it.problem})`}`,
  );
  const advice = "They may still follow: see drover releases.";
  return new DroverError("deploy-slow", `After ${limitS} s: ${each.join("; ")}. ${advice}`);
}
