import type { Bounds } from "../../base/processes.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import type { AgentSettings } from "../context.ts";

/** Time in which a program that is told to end at its deadline may still compute. */
const AFTER_DEADLINE_S = 60;

/** What a service's program may reach and use in one job. */
export function boundsOf(
  manifest: ServiceManifest,
  serviceDir: string,
  places: Pick<Bounds, "folder" | "writable"> & { input: string | undefined },
  { node, slots, cpusPerSlot }: Pick<AgentSettings, "node" | "slots" | "cpusPerSlot">,
): Bounds {
  const { command, network, devices, readable, limits, timeoutS } = manifest;
  const { input, folder, writable } = places;
  // The deadline ends it long before, unless nobody is there to watch it. Twice: the slots' share is rounded down.
  const mostCpus = 2 * slots * cpusPerSlot;
  return {
    folder,
    writable,
    ...(input === undefined ? {} : { input }),
    readable: [serviceDir, ...(command.some((it) => it.includes("{node}")) ? [node] : []), ...readable],
    network,
    gpu: devices.includes("gpu"),
    ...(limits.memoryBytes === undefined ? {} : { maxMemoryBytes: limits.memoryBytes }),
    maxDiskBytes: limits.diskBytes,
    maxProcesses: limits.processes,
    maxCpuS: (timeoutS + AFTER_DEADLINE_S) * mostCpus,
  };
}
