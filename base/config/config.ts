import { Ajv, type ErrorObject } from "ajv";
import { parse } from "yaml";
import { DroverError, reasonOf } from "../errors.ts";
import schema from "./drover.schema.json" with { type: "json" };

/** The settings of a fleet, complete: drover.schema.json documents each of them and its default. */
export interface Config {
  bucket: string;
  store: "s3" | "simpledb";
  queues: { requests: string; responses: string; deliveries: string; dead: string };
  services_dir: string;
  work_dir: string;
  instance_id: string;
  slots: number;
  sandbox: "auto" | "bubblewrap" | "none";
  visibility_timeout_s: number;
  drain_timeout_s: number;
  callback_timeout_s: number;
  delivery_budget_s: number;
  retry_budget_s: number;
  alarm: string[];
  status_period_s: number;
  self_end_idle_s: number;
  autoscaler: AutoscalerConfig;
  secrets: Record<string, string>;
}

export interface AutoscalerConfig {
  target_wait_s: number;
  target_share: number;
  max_instances: number;
  min_instances: number;
  budget_per_hour: number;
  billing: "per-second" | "hourly";
  period_s: number;
  launches_per_minute: number;
  boot_limit_s: number;
  launch_template: string;
  log_dir: string;
  log_mb: number;
  pools: PoolConfig[];
  floors: FloorConfig[];
}

export interface PoolConfig {
  name: string;
  instance_type?: string;
  zone?: string;
  subnet?: string;
  market: "on-demand" | "spot";
  price_per_hour: number;
  slots: number;
}

export interface FloorConfig {
  instances: number;
  days?: string[];
  /** HH:MM */
  from: string;
  to: string;
  time_zone: string;
}

type Tree = { [key: string]: unknown };

/**
 * Reads the settings once: the file's text, environment variables over it, flags over those.
 * @param file text of a drover.yaml; an empty one is fine
 * @param flags already in the shape of the file, unset ones undefined
 * Throws `config-invalid` with every error at once.
 */
export function readConfig(file: string, env: Record<string, string | undefined>, flags: Tree = {}): Config {
  let tree: unknown;
  try {
    tree = parse(file) ?? {};
  } catch (error) {
    throw new DroverError("config-invalid", `drover.yaml is not valid YAML: ${reasonOf(error)}`);
  }
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
    throw new DroverError("config-invalid", "drover.yaml must be a mapping of settings, such as `slots: 2`.");
  }
  const settings = tree as Tree;
  overlay(settings, fromEnvironment(env));
  overlay(settings, flags);
  withoutEmptyPools(settings);
  // The schema is ours and tested; checking it as well would take longer than all the rest.
  const options = {
    allErrors: true,
    useDefaults: true,
    coerceTypes: true,
    meta: false,
    validateSchema: false,
  };
  const validate = new Ajv(options).compile<Config>(schema);
  const problems = validate(settings) ? contradictions(settings) : (validate.errors ?? []).map(describe);
  if (problems.length === 0) return withSlots(settings as unknown as Config);
  const list = problems.map((it) => `  - ${it}`).join("\n");
  throw new DroverError("config-invalid", `The settings have ${problems.length} error(s):\n${list}`);
}

/** An empty list of pools says the same as none: whatever the launch template says. */
function withoutEmptyPools({ autoscaler }: Tree): void {
  if (!isTree(autoscaler)) return;
  const { pools } = autoscaler;
  if (Array.isArray(pools) && pools.length === 0) delete autoscaler["pools"];
}

/** What a schema cannot say. */
function contradictions({ autoscaler: { pools, floors } }: Config): string[] {
  const names = pools.map(({ name }) => name);
  const twice = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  return [
    ...[...twice].map((name) => `autoscaler.pools: there are two pools called ${name}`),
    ...floors
      .filter(({ time_zone: zone }) => !isTimeZone(zone))
      .map(({ time_zone: zone }) => `autoscaler.floors: there is no time zone ${zone}`),
  ];
}

function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone }) instanceof Intl.DateTimeFormat;
  } catch {
    return false; // RangeError
  }
}

/** A pool that does not say how many slots its instances have has as many as any instance of the fleet. */
function withSlots(config: Config): Config {
  const { autoscaler, slots } = config;
  const pools = autoscaler.pools.map((pool) => ({ ...pool, slots: pool.slots === 0 ? slots : pool.slots }));
  return { ...config, autoscaler: { ...autoscaler, pools } };
}

/** DROVER_SLOTS, DROVER_QUEUES_REQUESTS, DROVER_SECRETS_<NAME>. Other DROVER_ variables are not settings. */
function fromEnvironment(env: Record<string, string | undefined>): Tree {
  const found: Tree = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !name.startsWith("DROVER_")) continue;
    const path = name.slice("DROVER_".length);
    const key = path.toLowerCase();
    if (key in schema.properties) found[key] = value;
    else if (key.startsWith("queues_")) overlay(found, { queues: { [key.slice("queues_".length)]: value } });
    else if (key.startsWith("autoscaler_"))
      overlay(found, { autoscaler: { [key.slice("autoscaler_".length)]: value } });
    else if (path.startsWith("SECRETS_"))
      overlay(found, { secrets: { [path.slice("SECRETS_".length)]: value } });
  }
  return found;
}

function overlay(base: Tree, over: Tree): void {
  for (const [key, value] of Object.entries(over)) {
    const below = base[key];
    if (isTree(below) && isTree(value)) overlay(below, value);
    else if (value !== undefined) base[key] = value;
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(error: ErrorObject): string {
  const where = error.instancePath === "" ? "" : `${error.instancePath.slice(1).replaceAll("/", ".")}: `;
  const unknown: unknown = error.params["additionalProperty"];
  if (typeof unknown === "string") return `${where}there is no setting called ${unknown}`;
  return `${where}${error.message ?? "is not valid"}`;
}
