import { DroverError } from "../../base/errors.ts";
import type { Chance } from "./chance.ts";
import type { CapacitySteps } from "./world.ts";

export interface Zone {
  zone: string;
  region: string;
  capacity: CapacitySteps;
}

const STEP_S = 60;
/** What public traces show: zones differ from hardly ever to nearly always available. */
const LEAST_AVAILABLE = 0.17;
const MOST_AVAILABLE = 0.91;
/** Runs of availability have medians from 20 to 84 minutes; an exponential run has its median at ln 2 of its mean. */
const SHORTEST_MEDIAN_S = 20 * 60;
const LONGEST_MEDIAN_S = 84 * 60;
/** How often a zone takes its turn from its region instead of by itself; gives a correlation of about 0.4 inside one. */
const SHARED = 0.6;

/**
 * Zones in regions of three whose room comes and goes. Each region has a hidden state of its own, and each zone follows
 * it at most of its turns, which makes zones of one region fail together and leaves regions independent.
 */
export function generateZones(count: number, room: number, durationS: number, chance: Chance): Zone[] {
  const steps = Math.ceil(durationS / STEP_S) + 1;
  const zones: Zone[] = [];
  for (let region = 0; zones.length < count; region++) {
    const medianS = SHORTEST_MEDIAN_S + (LONGEST_MEDIAN_S - SHORTEST_MEDIAN_S) * chance();
    const turns = Array.from({ length: steps }, () => ({
      turns: chance() < (STEP_S * Math.LN2) / medianS,
      draw: chance(),
    }));
    for (const letter of ["a", "b", "c"].slice(0, count - zones.length)) {
      const available = LEAST_AVAILABLE + (MOST_AVAILABLE - LEAST_AVAILABLE) * chance();
      const name = `region-${region + 1}${letter}`;
      zones.push({
        zone: name,
        region: `region-${region + 1}`,
        capacity: follow(turns, available, room, chance),
      });
    }
  }
  return zones;
}

function follow(
  turns: readonly { turns: boolean; draw: number }[],
  available: number,
  room: number,
  chance: Chance,
): CapacitySteps {
  const fromS: number[] = [];
  const instances: number[] = [];
  let now = -1;
  for (const [step, { turns: due, draw }] of turns.entries()) {
    if (now !== -1 && !due) continue;
    const next = (chance() < SHARED ? draw : chance()) < available ? room : 0;
    if (next === now) continue;
    fromS.push(step * STEP_S);
    instances.push(next);
    now = next;
  }
  return { fromS: Float64Array.from(fromS), instances: Int32Array.from(instances) };
}

/**
 * Reads `time_s,zone,instances` (the room of a zone from a time on), or `milliseconds,add|remove,node` as in the public
 * traces of preempted training runs, which is one zone, called `name`, whose room is the number of nodes it held. A zone's
 * region is its name without the last letter. Throws config-invalid with the number of the wrong line.
 */
export function readZones(text: string, name: string): Zone[] {
  const lines = text.split("\n").map((line, at) => ({ number: at + 1, cells: line.trim().split(",") }));
  const filled = lines.filter(({ cells }) => cells.join("") !== "");
  const isTable = filled[0]?.cells.join(",") === "time_s,zone,instances";
  const changes = new Map<string, { atS: number; room: number }[]>();
  let held = 0;
  for (const { number, cells } of filled.slice(isTable ? 1 : 0)) {
    const [first = "", second = "", third = ""] = cells;
    const isStep = isTable || second === "add" || second === "remove";
    held += second === "add" ? 1 : -1;
    const zone = isTable ? second : name;
    const atS = isTable ? Number(first) : Number(first) / 1000;
    const room = isTable ? Number(third) : held;
    const steps = changes.get(zone) ?? [];
    const isInOrder = atS >= (steps.at(-1)?.atS ?? 0);
    if (!isStep || first === "" || third === "" || !isInOrder || !(room >= 0)) {
      throw new DroverError(
        "config-invalid",
        `Line ${number} of the spot file, "${cells.join(",")}", is wrong: time_s,zone,instances or milliseconds,add|remove,node, times ascending.`,
      );
    }
    steps.push({ atS, room });
    changes.set(zone, steps);
  }
  if (changes.size === 0) throw new DroverError("config-invalid", "The spot file holds no zone.");
  return [...changes].map(([zone, steps]) => ({ zone, region: zone.slice(0, -1), capacity: stepsOf(steps) }));
}

function stepsOf(changes: readonly { atS: number; room: number }[]): CapacitySteps {
  const merged = changes.filter(({ atS }, at) => changes[at + 1]?.atS !== atS);
  const starts = (merged[0]?.atS ?? 0) > 0 ? [{ atS: 0, room: 0 }] : [];
  const all = [...starts, ...merged];
  return {
    fromS: Float64Array.from(all, ({ atS }) => atS),
    instances: Int32Array.from(all, ({ room }) => room),
  };
}
