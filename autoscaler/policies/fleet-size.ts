import type { Settings } from "../policy.ts";
import type { Action, InstanceView, Snapshot } from "../snapshot.ts";

/** Which instances go when a baseline wants fewer. */
export type Victims =
  /** The emptiest: an idle one ends at once, a busy one takes no new job and ends when it is empty. */
  | "emptiest"
  /** Any, with the jobs it runs, as a group without scale-in protection does. */
  | "random";

export const isActive = ({ state }: InstanceView): boolean => state !== "cordoned";

export const count = (instances: readonly InstanceView[], state: InstanceView["state"]): number =>
  instances.reduce((sum, instance) => sum + (instance.state === state ? 1 : 0), 0);

/** Instances that count as the policy's present size: booting and ready ones. */
export const sizeOf = ({ instances }: Snapshot): number =>
  instances.reduce((sum, instance) => sum + (isActive(instance) ? 1 : 0), 0);

/** The actions that bring the fleet to `wanted` instances. Drained instances end in every round. */
export function toSize(wanted: number, snapshot: Snapshot, settings: Settings, victims: Victims): Action[] {
  const { instances, pools } = snapshot;
  const size = sizeOf(snapshot);
  const target = Math.min(settings.maxInstances, Math.max(settings.minInstances, Math.ceil(wanted - 1e-9)));
  const ended = instances
    .filter(({ state, inFlight }) => state === "cordoned" && inFlight === 0)
    .map(({ id }) => id);
  const actions: Action[] = ended.length > 0 ? [{ kind: "terminate", ids: ended }] : [];
  const pool = pools.find(({ market }) => market === "on-demand") ?? pools[0];
  if (target > size && pool !== undefined) {
    actions.push({ kind: "launch", pool: pool.name, count: target - size });
  } else if (target < size) {
    actions.push(...leave(instances, size - target, victims));
  }
  return actions;
}

/** The idle ones go first: they are of no use now. Then those that boot: ending one loses no work. */
const rank = ({ state, inFlight }: InstanceView): number => (state === "booting" ? 0.5 : inFlight);

function leave(instances: readonly InstanceView[], howMany: number, victims: Victims): Action[] {
  if (victims === "random") {
    const shuffled = instances
      .filter(isActive)
      .toSorted((left, right) => scramble(left.id) - scramble(right.id));
    return [{ kind: "terminate", ids: shuffled.slice(0, howMany).map(({ id }) => id) }];
  }
  const chosen = instances
    .filter(isActive)
    .toSorted((left, right) => rank(left) - rank(right))
    .slice(0, howMany);
  const empty = chosen.filter(({ inFlight }) => inFlight === 0).map(({ id }) => id);
  const busy = chosen.filter(({ inFlight }) => inFlight > 0).map(({ id }) => id);
  return [
    ...(empty.length > 0 ? [{ kind: "terminate" as const, ids: empty }] : []),
    ...(busy.length > 0 ? [{ kind: "cordon" as const, ids: busy }] : []),
  ];
}

/** An order that has nothing to do with age or load, and is the same in every replay (FNV-1a). */
function scramble(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
