import type { PoolConfig } from "../../base/config/config.ts";
import type { ComputePool } from "../../cloud/ports/compute.ts";
import { QuantileWindow } from "../simulator/quantile-window.ts";
import type { PoolView } from "../snapshot.ts";

/** So many boots in a row that came to nothing rest a pool … */
const MOST_FAILURES = 3;
/** … for this long, each further one twice as long. */
const FIRST_REST_S = 300;
const LONGEST_REST_S = 3600;
/** A limit of the account, or a launch template that is wrong, is looked at again after this long. */
const LIMITED_S = 60;
const BOOTS_REMEMBERED = 200;

/**
 * What one pool has granted, refused, taken back and brought up since we began to look. Its circuit breaker:
 *
 *   closed ──three boots in a row fail──▶ open ──rest over──▶ half-open: one instance at a time
 *   half-open ──it comes up──▶ closed;  ──it does not──▶ open, for twice as long
 */
export class PoolLedger {
  readonly config: PoolConfig;
  readonly #boots = new QuantileWindow(BOOTS_REMEMBERED);
  #launched = 0;
  #refused = 0;
  #reclaimed = 0;
  #lastRefusedAtS: number | undefined;
  #lastReclaimedAtS: number | undefined;
  #failures = 0;
  #restsUntilS = -Infinity;
  #limitedUntilS = -Infinity;
  #slots: number;

  constructor(config: PoolConfig) {
    this.config = config;
    this.#slots = config.slots;
  }

  get compute(): ComputePool {
    const { name, instance_type: instanceType, zone, subnet, market } = this.config;
    return {
      name,
      market,
      ...(instanceType === undefined ? {} : { instanceType }),
      ...(zone === undefined ? {} : { zone }),
      ...(subnet === undefined ? {} : { subnetId: subnet }),
    };
  }

  /** @param isLimited it was not the pool that had no more, but a limit or a mistake of ours: asking again is no use now */
  asked(count: number, granted: number, atS: number, isLimited: boolean): void {
    this.#launched += count;
    if (granted < count) this.#refuse(count - granted, atS);
    if (isLimited) this.#limitedUntilS = atS + LIMITED_S;
  }

  cameUp(bootS: number, slots: number): void {
    this.#boots.add(bootS);
    this.#failures = 0;
    if (this.config.slots === 0 && slots > 0) this.#slots = slots;
  }

  /** One that still booted was given up, since nobody needed it any more. */
  cutShort(ageS: number): void {
    this.#boots.addLonger(ageS);
  }

  /** An instance was launched and never got to work. To the policy that is the same as a refusal. */
  failed(atS: number): void {
    this.#refuse(1, atS);
    this.#failures++;
    if (this.#failures < MOST_FAILURES) return;
    this.#restsUntilS = atS + Math.min(LONGEST_REST_S, FIRST_REST_S * 2 ** (this.#failures - MOST_FAILURES));
  }

  takenBack(atS: number): void {
    this.#reclaimed++;
    this.#lastReclaimedAtS = atS;
  }

  #refuse(count: number, atS: number): void {
    this.#refused += count;
    this.#lastRefusedAtS = atS;
  }

  /** How many instances may be launched now, when so many are on their way. */
  room(atS: number, booting: number): number {
    if (atS < this.#limitedUntilS) return 0;
    if (this.#failures < MOST_FAILURES) return Infinity;
    return atS < this.#restsUntilS ? 0 : Math.max(0, 1 - booting);
  }

  get slots(): number {
    return Math.max(1, this.#slots);
  }

  view(): PoolView {
    const { name, market, zone = "", price_per_hour: pricePerHour } = this.config;
    const bootS = this.#boots.read();
    return {
      name,
      market,
      region: zone.replace(/[a-z]$/, ""),
      zone,
      slots: this.slots,
      pricePerHour,
      launched: this.#launched,
      refused: this.#refused,
      reclaimed: this.#reclaimed,
      ...(bootS === undefined ? {} : { bootS }),
      ...(this.#lastRefusedAtS === undefined ? {} : { lastRefusedAtS: this.#lastRefusedAtS }),
      ...(this.#lastReclaimedAtS === undefined ? {} : { lastReclaimedAtS: this.#lastReclaimedAtS }),
    };
  }
}

/** All pools of the settings, by name. */
export type Ledgers = ReadonlyMap<string, PoolLedger>;

export const openLedgers = (pools: readonly PoolConfig[]): Ledgers =>
  new Map(pools.map((pool) => [pool.name, new PoolLedger(pool)]));
