import type { Clock } from "../../base/clock.ts";
import type { Channel } from "../../bootstrap/release/channel.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { judgeCanary, type Verdict } from "./canary.ts";
import { instancesOf } from "./fleet.ts";

const LOOK_MS = 1_000;

/** Looks at the canary's instances until the verdict stands. `onNews` hears whatever changes meanwhile. */
export async function watchCanary(
  { store, clock }: { store: Store; clock: Clock },
  { version, instances: chosen }: NonNullable<Channel["canary"]>,
  bakeS: number,
  onNews: (text: string) => void,
): Promise<Verdict> {
  let since = clock.monotonic();
  let hasStarted = false;
  let told = "";
  for (;;) {
    const instances = await instancesOf(store, clock.now());
    const runs = instances.filter((it) => it.release === version && !it.isChanging);
    if (!hasStarted && chosen.every((name) => runs.some((it) => it.instance === name))) {
      // It has to do well for as long as was asked once it runs; how long it took to start is another matter.
      hasStarted = true;
      since = clock.monotonic();
    }
    const ageS = (clock.monotonic() - since) / 1000;
    const verdict = judgeCanary({ version, chosen, instances, ageS, bakeS });
    if (verdict.verdict !== "wait") return verdict;
    if (verdict.why !== told) onNews((told = verdict.why));
    await clock.sleep(LOOK_MS);
  }
}
