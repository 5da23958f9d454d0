import type { PoolView } from "../snapshot.ts";
import { seededChance, type Chance } from "./chance.ts";
import { QuantileWindow } from "./quantile-window.ts";
import type { PoolWorld } from "./world.ts";

interface PoolState {
  world: PoolWorld;
  chance: Chance;
  boots: QuantileWindow;
  /** Instances that are not on their way out. */
  held: number;
  launched: number;
  refused: number;
  reclaimed: number;
  lastRefusedAtS?: number;
  lastReclaimedAtS?: number;
  /** Which step of the capacity holds now. */
  step: number;
}

/** The provider's side: who gets an instance, how long it boots, how much room each pool has. */
export class Pools {
  readonly #pools: PoolState[];

  constructor(worlds: readonly PoolWorld[], seed: number) {
    this.#pools = worlds.map((world) => ({
      world,
      chance: seededChance(seed, `pool ${world.name}`),
      boots: new QuantileWindow(200),
      held: 0,
      launched: 0,
      refused: 0,
      reclaimed: 0,
      step: 0,
    }));
  }

  /** When a pool's room changes next. */
  get nextS(): number {
    let next = Infinity;
    for (const { world, step } of this.#pools) {
      next = Math.min(next, world.capacity?.fromS[step + 1] ?? Infinity);
    }
    return next;
  }

  /** Moves to the capacities that hold from `atS` on; returns the pools that changed. */
  step(atS: number): number[] {
    const changed: number[] = [];
    for (const [number, pool] of this.#pools.entries()) {
      if (pool.world.capacity?.fromS[pool.step + 1] !== atS) continue;
      pool.step++;
      changed.push(number);
    }
    return changed;
  }

  room(pool: number): number {
    const state = this.#pools[pool] as PoolState;
    return state.world.capacity?.instances[state.step] ?? Infinity;
  }

  /** Undefined when the launch is refused. `livesS`: when the provider will want the instance back. */
  ask(
    name: string,
    atS: number,
  ): { pool: number; slots: number; bootS: number; livesS?: number } | undefined {
    const number = this.#pools.findIndex(({ world }) => world.name === name);
    const pool = this.#pools[number];
    if (pool === undefined) return undefined;
    const { world, chance } = pool;
    pool.launched++;
    if (pool.held >= this.room(number) || chance() < world.refusalShare) {
      pool.refused++;
      pool.lastRefusedAtS = atS;
      return undefined;
    }
    pool.held++;
    const granted = { pool: number, slots: world.slots, bootS: world.boot.sample(chance) };
    if (world.reclaimsPerHour === 0) return granted;
    return { ...granted, livesS: (-3600 * Math.log(1 - chance())) / world.reclaimsPerHour };
  }

  booted(pool: number, bootS: number): void {
    (this.#pools[pool] as PoolState).boots.add(bootS);
  }

  /** One was given up before it came up. */
  cutShort(pool: number, ageS: number): void {
    (this.#pools[pool] as PoolState).boots.addLonger(ageS);
  }

  reclaimed(pool: number, atS: number): void {
    const state = this.#pools[pool] as PoolState;
    state.held--;
    state.reclaimed++;
    state.lastReclaimedAtS = atS;
  }

  left(pool: number, wasAnnounced: boolean): void {
    // An announced one gave up its room when it was announced.
    if (!wasAnnounced) (this.#pools[pool] as PoolState).held--;
  }

  views(): PoolView[] {
    return this.#pools.map(({ world, boots, launched, refused, reclaimed, ...pool }) => {
      const bootS = boots.read();
      const { name, market, region, zone, slots, pricePerHour } = world;
      return {
        name,
        market,
        region,
        zone,
        slots,
        pricePerHour,
        launched,
        refused,
        reclaimed,
        ...(bootS === undefined ? {} : { bootS }),
        ...(pool.lastRefusedAtS === undefined ? {} : { lastRefusedAtS: pool.lastRefusedAtS }),
        ...(pool.lastReclaimedAtS === undefined ? {} : { lastReclaimedAtS: pool.lastReclaimedAtS }),
      };
    });
  }
}
