import { DroverError } from "../../../base/errors.ts";
import { faultNames, type FaultName, type NastyOptions } from "./faults.ts";

type Rates = NastyOptions["rates"];

const same = (rate: number): Rates => Object.fromEntries(faultNames.map((name) => [name, rate]));

/** Named mixtures. `mild`: now and then, as in a bad week. `harsh`: what a client must survive, but nobody meets. */
const profiles: Readonly<Record<string, Rates>> = {
  mild: same(0.02),
  harsh: { ...same(0.15), "lost-response": 0.1, throttle: 0.1, "server-error": 0.1 },
};

/**
 * Reads `SEED`, `SEED:PROFILE` or `SEED:FAULT=RATE,FAULT=RATE…`; without a profile it is `mild`.
 * Throws DroverError `nasty-profile`.
 */
export function readNasty(text: string): NastyOptions {
  const [seedText = "", profile = "mild", ...rest] = text.split(":");
  const seed = Number(seedText);
  if (!/^\d{1,9}$/.test(seedText) || rest.length > 0) throw refusal(`"${text}" does not start with a seed`);
  const named = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  return { seed, rates: named ?? Object.fromEntries(profile.split(",").map(readRate)) };
}

function readRate(part: string): [FaultName, number] {
  const [name = "", text = ""] = part.split("=");
  const fault = faultNames.find((it) => it === name);
  if (fault === undefined) throw refusal(`there is no profile and no fault "${name}"`);
  const rate = Number(text);
  if (!/^(0|1|0?\.\d+|1\.0+)$/.test(text)) throw refusal(`the rate of ${name} must be a number from 0 to 1`);
  return [fault, rate];
}

const refusal = (what: string) =>
  new DroverError(
    "nasty-profile",
    `${what}. Write SEED, SEED:${Object.keys(profiles).join(" or SEED:")}, or SEED:FAULT=RATE,… with the faults ${faultNames.join(", ")}.`,
  );
