import { DroverError } from "../../../base/errors.ts";

export type Market = "on-demand" | "spot";

/** How many instances a pool can hold; what is left out fits all. */
export interface CapacityRule {
  instanceType?: string;
  zone?: string;
  market?: Market;
  /** Instances alive at the same time; 0: none can be had. */
  atMost: number;
  /** InsufficientInstanceCapacity, unless another of EC2's codes is meant, such as UnfulfillableCapacity. */
  code?: string;
}

/** What a person or a test can choose about this EC2. By default it is at its best. */
export interface Ec2Settings {
  /** An instance is pending for a time between these two, every one as likely. */
  bootDelayS: { from: number; to: number };
  /** The same seed and the same launches: the same delays. */
  seed: number;
  /** Every rule that fits a pool must have room. */
  capacity: readonly CapacityRule[];
  /** Instances of the account at the same time, by market; null: without limit. VcpuLimitExceeded, MaxSpotInstanceCountExceeded. */
  limits: Record<Market, number | null>;
  /** A bucket of requests for each action, filled steadily; null: no throttling. */
  throttle: { ratePerS: number; burst: number } | null;
  /** From the notice to the end of a spot instance that is reclaimed. */
  spotNoticeS: number;
  /** How long a machine that was told to end may take for it. */
  shutdownGraceS: number;
  /** For so long after its launch an instance is not described, and cannot be named. */
  describeLagS: number;
  /** For so long after its end an instance is still described. */
  terminatedListedS: number;
}

export const defaultSettings: Ec2Settings = {
  bootDelayS: { from: 0, to: 0 },
  seed: 1,
  capacity: [],
  limits: { "on-demand": null, spot: null },
  throttle: null,
  spotNoticeS: 120, // EC2 user guide, "Spot Instance interruption notices"
  shutdownGraceS: 60, // EC2 ends a machine by force after "a few minutes"
  describeLagS: 0,
  terminatedListedS: 3600, // "for approximately one hour"
};

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const isOptionalText = (value: unknown) => value === undefined || (typeof value === "string" && value !== "");
const isOptionalMarket = (value: unknown) => value === undefined || value === "spot" || value === "on-demand";
const hasOnly = (value: Record<string, unknown>, ...names: string[]) =>
  Object.keys(value).every((it) => names.includes(it));

const isRule = (value: unknown) =>
  isMap(value) &&
  hasOnly(value, "instanceType", "zone", "market", "atMost", "code") &&
  [value["instanceType"], value["zone"], value["code"]].every(isOptionalText) &&
  isOptionalMarket(value["market"]) &&
  isCount(value["atMost"]);

/** What each setting may be, since a control request can send anything. */
const checks: Record<keyof Ec2Settings, (value: unknown) => boolean> = {
  bootDelayS: (value) =>
    isMap(value) &&
    hasOnly(value, "from", "to") &&
    isTime(value["from"]) &&
    isTime(value["to"]) &&
    value["from"] <= value["to"],
  seed: (value) => Number.isSafeInteger(value),
  capacity: (value) => Array.isArray(value) && value.every(isRule),
  limits: (value) =>
    isMap(value) &&
    hasOnly(value, "on-demand", "spot") &&
    [value["on-demand"], value["spot"]].every((it) => it === null || isCount(it)),
  throttle: (value) =>
    value === null ||
    (isMap(value) &&
      hasOnly(value, "ratePerS", "burst") &&
      isTime(value["ratePerS"]) &&
      isCount(value["burst"])),
  spotNoticeS: isTime,
  shutdownGraceS: isTime,
  describeLagS: isTime,
  terminatedListedS: isTime,
};

/** Settings with some changed. Throws DroverError `ec2-bad-setting`. */
export function changedSettings<T extends Partial<Ec2Settings>>(settings: T, changes: unknown): T {
  if (!isMap(changes)) throw new DroverError("ec2-bad-setting", "the settings of EC2 must be a JSON object.");
  for (const [name, value] of Object.entries(changes)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof Ec2Settings] : undefined;
    if (check?.(value) === true) continue;
    const what = check === undefined ? "there is no such setting" : "it cannot be that";
    throw new DroverError("ec2-bad-setting", `${name}: ${what}. The settings stand in ec2/settings.ts.`);
  }
  return { ...settings, ...changes };
}
