import type { QueueView, ServiceView, Snapshot } from "../snapshot.ts";
import type { Fleet } from "./fleet.ts";
import type { Pools } from "./pools.ts";
import { QuantileWindow } from "./quantile-window.ts";
import type { World } from "./world.ts";

interface Counters {
  visible: number;
  inFlight: number;
  arrived: number;
  oldestSentAtS: number | undefined;
}

/** What the policy gets to see: the truth, or in an outage what was true before, or nothing. */
export class Sensor {
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #pools: Pools;
  readonly #service = new QuantileWindow(2000);
  #finished = 0;
  #lastSeen: { queue: QueueView; services: ServiceView[] } | undefined;

  constructor(world: World, fleet: Fleet, pools: Pools) {
    this.#world = world;
    this.#fleet = fleet;
    this.#pools = pools;
  }

  /** How much of what is remembered of finished jobs lasted so many seconds or longer. */
  lasted(seconds: number): number {
    return this.#service.weightFrom(seconds);
  }

  finished(serviceS: number): void {
    this.#finished++;
    this.#service.add(serviceS);
  }

  read(atS: number, now: Counters): Snapshot {
    const outage = this.#world.outages.find(({ fromS, toS }) => atS >= fromS && atS < toS);
    if (outage === undefined || this.#lastSeen === undefined) this.#lastSeen = this.#see(atS, now);
    const { queue, services } = this.#lastSeen;
    return {
      atS,
      ...(outage?.kind === "missing" ? {} : { queue }),
      services,
      instances: this.#fleet.views,
      instancesReadAtS: atS,
      pools: this.#pools.views(),
    };
  }

  #see(atS: number, now: Counters): { queue: QueueView; services: ServiceView[] } {
    const { visible, inFlight, arrived, oldestSentAtS } = now;
    const serviceS = this.#service.read();
    return {
      queue: {
        readAtS: atS,
        visible,
        inFlight,
        delayed: 0,
        asleep: 0,
        ...(oldestSentAtS === undefined ? {} : { oldestSentAtS }),
      },
      services: [
        {
          name: "jobs",
          arrived,
          finished: this.#finished,
          ...(serviceS === undefined ? {} : { serviceS }),
        },
      ],
    };
  }
}
