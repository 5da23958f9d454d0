import type { Policy } from "../policy.ts";
import { count, sizeOf, toSize, type Victims } from "./fleet-size.ts";
import { average, readingsOf, remember, type History } from "./readings.ts";

interface State {
  concurrency: History;
  /** Since when the load has been below the panic threshold, while in panic. */
  panicUntilS: number;
  /** The largest fleet of this panic. */
  panicSize: number;
}

const STABLE_S = 60;
const PANIC_S = 6;
const PANIC_RATIO = 2;
const MOST_UP = 1000;
const MOST_DOWN = 2;

/**
 * Knative's pod autoscaler: each 2 s, wanted = ceil(average concurrency / (utilisation · S)) over 60 s, and over 6 s for
 * the panic mode, which begins when that wants twice the ready ones, only grows, and lasts until 60 s after the last
 * such moment. Concurrency is Q + F. Bounds: [ready / 2, 1000 · ready]. `utilisation`: 0.7 when absent.
 */
export function knativeKpa(victims: Victims, { utilisation = 0.7 }: { utilisation?: number }): Policy<State> {
  return {
    name: "knative-kpa",
    periodS: 2,
    start: () => ({ concurrency: [], panicUntilS: -Infinity, panicSize: 0 }),
    decide: (snapshot, settings, before) => {
      const { waiting, inFlight, slots } = readingsOf(snapshot);
      const { atS } = snapshot;
      const concurrency = remember(before.concurrency, atS, waiting + inFlight, STABLE_S);
      const recent = concurrency.filter((entry) => entry.atS > atS - PANIC_S);
      const ready = Math.max(1, count(snapshot.instances, "ready"));
      const bounded = (load: number) =>
        Math.min(
          MOST_UP * ready,
          Math.max(Math.floor(ready / MOST_DOWN), Math.ceil(load / (utilisation * slots))),
        );
      const stable = bounded(average(concurrency));
      const panic = bounded(average(recent));
      const panicUntilS = panic / ready >= PANIC_RATIO ? atS + STABLE_S : before.panicUntilS;
      const inPanic = atS < panicUntilS;
      const panicSize = inPanic ? Math.max(before.panicSize, stable, panic, sizeOf(snapshot)) : 0;
      const wanted = inPanic ? panicSize : stable;
      return {
        actions: toSize(wanted, snapshot, settings, victims),
        sentence: `concurrency ${average(concurrency).toFixed(1)}${inPanic ? ", panic" : ""}: ${wanted} instances`,
        state: { concurrency, panicUntilS, panicSize },
      };
    },
  };
}
