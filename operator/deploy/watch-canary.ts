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
  const startedAt = clock.monotonic();
  let told = "";
  for (;;) {
    const instances = await instancesOf(store, clock.now());
    const ageS = (clock.monotonic() - startedAt) / 1000;
    const verdict = judgeCanary({ version, chosen, instances, ageS, bakeS });
    if (verdict.verdict !== "wait") return verdict;
    if (verdict.why !== told) onNews((told = verdict.why));
    await clock.sleep(LOOK_MS);
  }
}
