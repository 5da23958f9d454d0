import { DroverError } from "../../base/errors.ts";
import type { Settings } from "../policy.ts";
import type { Outage } from "./world.ts";

/** The flags of `drover simulate` as they come from the command line. */
export interface Flags {
  arrivals: string;
  services?: string;
  policy: string;
  targetWaitS: string;
  targetShare: string;
  seeds: string;
  hours?: string;
  slots: string;
  boot: string;
  price: string;
  billing: string;
  maxInstances: string;
  minInstances: string;
  budgetPerHour?: string;
  spot?: string;
  spotPrice: string;
  reclaimsPerHour: string;
  refusals: string;
  stale?: string;
  missing?: string;
  json?: boolean;
  tune?: boolean;
  plot?: string;
}

/** A number from a flag. Throws config-invalid with the flag's name. */
export function numberOf(flag: string, text: string, least: number, most = Infinity): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most)) {
    const range = most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
    throw new DroverError("config-invalid", `--${flag} must be a number ${range}, not "${text}".`);
  }
  return value;
}

export function settingsOf(flags: Flags): Settings {
  if (flags.billing !== "per-second" && flags.billing !== "hourly") {
    throw new DroverError("config-invalid", `--billing is per-second or hourly, not "${flags.billing}".`);
  }
  return {
    targetWaitS: numberOf("target-wait-s", flags.targetWaitS, 1),
    targetShare: numberOf("target-share", flags.targetShare, 0.5, 0.9999),
    maxInstances: Math.floor(numberOf("max-instances", flags.maxInstances, 1)),
    minInstances: Math.floor(numberOf("min-instances", flags.minInstances, 0)),
    billing: flags.billing,
    ...(flags.budgetPerHour === undefined
      ? {}
      : { budgetPerHour: numberOf("budget-per-hour", flags.budgetPerHour, 0) }),
  };
}

/** Spans of `--stale` and `--missing`, written FROM-TO in seconds, several with commas. */
export function outagesOf({ stale, missing }: Flags): Outage[] {
  return [...readSpans("stale", stale), ...readSpans("missing", missing)];
}

function readSpans(kind: Outage["kind"], text: string | undefined): Outage[] {
  return (text?.split(",") ?? []).map((span) => {
    const [from = "", to = ""] = span.split("-");
    return { kind, fromS: numberOf(kind, from, 0), toS: numberOf(kind, to, 0) };
  });
}
