import { maxLateMs } from "../nasty/faults.ts";
import { grant, type Refusal } from "./capacity.ts";
import { newId } from "./ids.ts";
import type { LaunchSpec } from "./launch-spec.ts";
import type { Ec2State } from "./state.ts";
import type { Tags } from "./tag-table.ts";

export interface LaunchOrder {
  spec: Omit<LaunchSpec, "index">;
  tags: Tags;
  /** Fewer than `min`: none at all. */
  min: number;
  max: number;
}

/** Inside a transaction: as many instances as there is room for, and why not more. */
export function launch(
  state: Ec2State,
  { spec, tags, min, max }: LaunchOrder,
): { ids: string[]; reservation: string; refusal?: Refusal } {
  const { granted, refusal } = grant(state.settings, state.instances.all(), spec, max);
  const count = granted < min ? 0 : granted;
  const reservation = newId("r");
  const ids = Array.from({ length: count }, (_, index) => add(state, reservation, { ...spec, index }, tags));
  return refusal === undefined ? { ids, reservation } : { ids, reservation, refusal };
}

function add(state: Ec2State, reservation: string, spec: LaunchSpec, tags: Tags): string {
  const { clock, settings, faults, instances } = state;
  const id = newId("i");
  const now = clock.now();
  const late = faults.strikes("late-visibility") ? faults.pick("late-visibility", maxLateMs) : 0;
  const visibleMs = Math.round(now + settings.describeLagS * 1000 + late);
  const seq = instances.add({ id, reservation, spec, launchedMs: now, readyMs: now, visibleMs });
  const added = instances.find(id);
  // The delay is drawn by the number of the launch, which the row has only now.
  if (added !== undefined) instances.put({ ...added, readyMs: now + bootDelayMs(settings, seq) });
  state.tags.put(id, tags);
  return id;
}

function bootDelayMs({ bootDelayS: { from, to }, seed }: Ec2State["settings"], seq: number): number {
  return Math.round((from + (to - from) * draw(seed, seq)) * 1000);
}

/** A number in [0, 1) that belongs to a seed and a place: mulberry32's mixing, good enough to choose by. */
function draw(seed: number, place: number): number {
  const state = (Math.imul(seed, 0x9e37_79b9) + Math.imul(place, 0x6d2b_79f5)) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
