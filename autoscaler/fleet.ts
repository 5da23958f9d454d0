import type { InstanceView, Snapshot } from "./snapshot.ts";

/** The instances by what they can do for the jobs that wait. */
export interface Fleet {
  ready: InstanceView[];
  booting: InstanceView[];
  /** Cordoned by us: may be taken back. */
  resting: InstanceView[];
  /** Taken back by the provider: lost. */
  leaving: InstanceView[];
  /** Slots of the ready ones, and how many of them hold a job. */
  slots: number;
  busySlots: number;
  /** Slots of a typical instance. */
  slotsEach: number;
}

export function fleetOf({ instances, pools }: Snapshot): Fleet {
  const fleet: Fleet = {
    ready: [],
    booting: [],
    resting: [],
    leaving: [],
    slots: 0,
    busySlots: 0,
    slotsEach: pools[0]?.slots ?? 1,
  };
  for (const instance of instances) {
    if (instance.noticeAtS !== undefined) fleet.leaving.push(instance);
    else if (instance.state === "booting") fleet.booting.push(instance);
    else if (instance.state === "cordoned") fleet.resting.push(instance);
    else {
      fleet.ready.push(instance);
      fleet.slots += instance.slots;
      fleet.busySlots += instance.inFlight;
    }
  }
  if (fleet.ready.length > 0) fleet.slotsEach = fleet.slots / fleet.ready.length;
  return fleet;
}
