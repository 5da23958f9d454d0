import { DroverError } from "../../base/errors.ts";
import { readArrivals, type Arrivals } from "./arrivals-file.ts";
import { seededChance } from "./chance.ts";
import { empirical, parseDistribution, type Distribution } from "./distribution.ts";
import { drawArrivals, generateRates } from "./generators.ts";
import { numberOf, outagesOf, type Flags } from "./options.ts";
import { generateZones, readZones, type Zone } from "./spot-market.ts";
import type { PoolWorld, World } from "./world.ts";

const GENERATE = "generate:";
/** How long EC2 announces a reclaim ahead. */
const NOTICE_S = 120;

/** Reads a text file; the caller owns the file system. */
export type ReadText = (path: string) => Promise<string>;

/** The worlds of seeds 1 to N, each built when it is asked for: ten of ten million jobs would not fit. */
export interface Worlds {
  seeds: number;
  of(seed: number): World;
}

/** Reads what the worlds are made of. Throws config-invalid for wrong flags and files. */
export async function openWorlds(flags: Flags, read: ReadText): Promise<Worlds> {
  const seeds = Math.floor(numberOf("seeds", flags.seeds, 1, 1000));
  const arrivalsText = flags.arrivals.startsWith(GENERATE) ? undefined : await read(flags.arrivals);
  const services = flags.services === undefined ? undefined : await readServices(flags.services, read);
  const zones =
    flags.spot === undefined || flags.spot.startsWith(GENERATE) ? [] : await readSpot(flags.spot, read);
  return { seeds, of: (seed) => buildWorld(flags, seed, arrivalsText, services, zones) };
}

/** Room of spot zones: a table of several, or files of one zone each. */
async function readSpot(files: string, read: ReadText): Promise<Zone[]> {
  const all = await Promise.all(
    files
      .split(",")
      .map(async (file) => readZones(await read(file), file.replace(/^.*\//, "").replace(/\.\w+$/, ""))),
  );
  return all.flat();
}

function buildWorld(
  flags: Flags,
  seed: number,
  arrivalsText: string | undefined,
  services: Distribution | undefined,
  zones: readonly Zone[],
): World {
  const chance = seededChance(seed, "arrivals");
  const arrivals = arrivalsText === undefined ? generate(flags, seed) : readArrivals(arrivalsText, chance);
  if (arrivals.serviceS === undefined && services === undefined) {
    throw new DroverError(
      "config-invalid",
      "The arrivals do not say how long jobs work: give --services FILE or DISTRIBUTION.",
    );
  }
  const { arrivalS, durationS } = arrivals;
  const draw = seededChance(seed, "services");
  const serviceS = arrivals.serviceS ?? Float32Array.from(arrivalS, () => services?.sample(draw) ?? 0);
  return {
    workload: { arrivalS, serviceS, durationS },
    pools: poolsOf(flags, seed, durationS, zones),
    outages: outagesOf(flags),
    noticeS: NOTICE_S,
    seed,
  };
}

/** `generate:SHAPE:RATE`, the rate in jobs a second, 0.1 when absent. */
function generate(flags: Flags, seed: number): Arrivals {
  const [shape = "", rate = "0.1"] = flags.arrivals.slice(GENERATE.length).split(":");
  const chance = seededChance(seed, `generate ${shape}`);
  const hours = flags.hours === undefined ? undefined : numberOf("hours", flags.hours, 0.01);
  const rates = generateRates(shape, numberOf("arrivals", rate, 0), chance, hours);
  return { arrivalS: drawArrivals(rates, chance), durationS: rates.perS.length * rates.stepS };
}

async function readServices(text: string, read: ReadText): Promise<Distribution> {
  if (/^[a-z]+:/.test(text)) return parseDistribution(text);
  const values = (await read(text)).split("\n").flatMap((line, at) => {
    if (line.trim() === "" || (at === 0 && line.trim() === "service_s")) return [];
    const value = Number(line);
    if (value >= 0 && value < Infinity) return [value];
    throw new DroverError(
      "config-invalid",
      `Line ${at + 1} of the durations, "${line.trim()}", is no duration.`,
    );
  });
  return empirical(Float64Array.from(values));
}

function poolsOf(flags: Flags, seed: number, durationS: number, known: readonly Zone[]): PoolWorld[] {
  const shared = {
    slots: Math.floor(numberOf("slots", flags.slots, 1)),
    boot: parseDistribution(flags.boot),
    refusalShare: numberOf("refusals", flags.refusals, 0, 1),
  };
  const price = numberOf("price", flags.price, 0);
  const onDemand: PoolWorld = {
    ...shared,
    name: "on-demand",
    market: "on-demand",
    region: "home",
    zone: "home-a",
    pricePerHour: price,
    reclaimsPerHour: 0,
  };
  if (flags.spot === undefined) return [onDemand];
  const most = Math.floor(numberOf("max-instances", flags.maxInstances, 1));
  const zones =
    known.length === 0
      ? generateZones(
          numberOf("spot", flags.spot.slice(GENERATE.length), 1, 100),
          most,
          durationS,
          seededChance(seed, "zones"),
        )
      : known;
  const pricePerHour = numberOf("spot-price", flags.spotPrice, 0);
  const reclaimsPerHour = numberOf("reclaims-per-hour", flags.reclaimsPerHour, 0);
  const spot = zones.map(({ zone, region, capacity }): PoolWorld => ({
    ...shared,
    name: `spot-${zone}`,
    market: "spot",
    region,
    zone,
    capacity,
    pricePerHour,
    reclaimsPerHour,
  }));
  return [onDemand, ...spot];
}
