import type { ServiceManifest } from "../../schemas/service.ts";

type Changes = Partial<Omit<ServiceManifest, "input" | "result" | "requires">> & {
  input?: Partial<ServiceManifest["input"]>;
  result?: Partial<ServiceManifest["result"]>;
  requires?: Partial<ServiceManifest["requires"]>;
};

/** A service that runs `program` without an input and keeps 1 MiB of its text. */
export function manifestOf(changes: Changes = {}): ServiceManifest {
  return {
    name: "echo",
    version: "1.0.0",
    summary: "Says something.",
    mode: "oneshot",
    command: ["program"],
    parameters: [],
    env: {},
    network: false,
    devices: [],
    readable: [],
    limits: { diskBytes: 10 * 2 ** 30, processes: 1024 },
    inputFaultExitCodes: [],
    timeoutS: 600,
    retries: 2,
    ...changes,
    input: { types: [], maxBytes: 1_000_000, timeoutS: 60, ...changes.input },
    requires: { programs: [], files: [], architectures: [], ...changes.requires },
    result: { kind: "text", maxBytes: 1024 * 1024, ...changes.result },
  };
}
