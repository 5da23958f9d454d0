import { randomBytes } from "node:crypto";
import { DroverError } from "../../../base/errors.ts";

/** What one machine can be told about itself. */
export interface Instance {
  instanceId: string;
  instanceType: string;
  imageId: string;
  availabilityZone: string;
  /** What `uname -m` says there: x86_64 or arm64. */
  architecture: string;
  privateIp: string;
  lifeCycle: "on-demand" | "spot";
  /** Milliseconds since the epoch. */
  launchedMs: number;
  /** Name of the role whose credentials are given out; null: the machine has none. */
  role: string | null;
  /** How long role credentials are good. New ones come when half of it is over. */
  credentialLifetimeS: number;
  tags: Readonly<Record<string, string>>;
  /** The script the machine was started with; null: none. */
  userData: string | null;
  /** The two-minute notice of a spot interruption; null: none yet. */
  interruption: { action: "terminate" | "stop" | "hibernate"; time: string } | null;
  /** When a rebalance was recommended (ISO 8601); null: not yet. */
  rebalance: string | null;
  /** Where an Auto Scaling group wants it; null: in none. */
  targetLifecycleState: string | null;
}

const SIX_HOURS_S = 6 * 3600;

/** A machine with a name of its own and everything else as usual. */
export function newInstance(region: string, now: number, given: Partial<Instance> = {}): Instance {
  return checked({
    instanceId: `i-${randomBytes(9).toString("hex").slice(0, 17)}`,
    instanceType: "m7i.large",
    imageId: "ami-0embedded00000000",
    availabilityZone: `${region}a`,
    architecture: "x86_64",
    privateIp: "127.0.0.1",
    lifeCycle: "on-demand",
    launchedMs: now,
    role: "drover-instance",
    credentialLifetimeS: SIX_HOURS_S,
    tags: {},
    userData: null,
    interruption: null,
    rebalance: null,
    targetLifecycleState: null,
    ...given,
  });
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isTextOrNull = (value: unknown) => value === null || isText(value);
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What each field may hold, since a control request can send anything. */
const fields: Record<keyof Instance, (value: unknown) => boolean> = {
  instanceId: isText,
  instanceType: isText,
  imageId: isText,
  availabilityZone: isText,
  architecture: isText,
  privateIp: isText,
  lifeCycle: (value) => value === "on-demand" || value === "spot",
  launchedMs: (value) => Number.isSafeInteger(value),
  role: (value) => value === null || (isText(value) && !value.includes("/")),
  credentialLifetimeS: (value) => typeof value === "number" && value > 0,
  // EC2 refuses such keys when an instance's tags are to stand in its metadata.
  tags: (value) =>
    isMap(value) &&
    Object.entries(value).every(([key, its]) => /^[^/\s]+$/.test(key) && typeof its === "string"),
  userData: isTextOrNull,
  interruption: (value) => value === null || isInterruption(value),
  rebalance: isTextOrNull,
  targetLifecycleState: isTextOrNull,
};

function isInterruption(value: unknown): boolean {
  if (!isMap(value)) return false;
  return ["terminate", "stop", "hibernate"].includes(String(value["action"])) && isText(value["time"]);
}

/** Throws DroverError `imds-bad-instance` for a field that does not exist or cannot hold what it was given. */
export function checked(instance: Instance): Instance {
  for (const [name, value] of Object.entries(instance)) {
    const check = Object.hasOwn(fields, name) ? fields[name as keyof Instance] : undefined;
    if (check?.(value) === true) continue;
    const what = check === undefined ? "there is no such field" : "it cannot hold that value";
    throw new DroverError("imds-bad-instance", `${name}: ${what}. The fields stand in imds/instance.ts.`);
  }
  return instance;
}
