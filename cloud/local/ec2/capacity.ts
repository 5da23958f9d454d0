import type { Ec2Instance } from "./instance-table.ts";
import type { LaunchSpec } from "./launch-spec.ts";
import type { CapacityRule, Ec2Settings } from "./settings.ts";

type Pool = Pick<LaunchSpec, "instanceType" | "zone" | "market">;

export interface Refusal {
  code: string;
  message: string;
}

/** Until it is gone an instance takes its place. */
const ALIVE = new Set<Ec2Instance["state"]>(["pending", "running", "shutting-down", "stopping"]);

/** How many of `wanted` instances a pool can have now, and, when that is fewer, why not all. */
export function grant(
  settings: Pick<Ec2Settings, "capacity" | "limits">,
  instances: readonly Ec2Instance[],
  pool: Pool,
  wanted: number,
): { granted: number; refusal?: Refusal } {
  const alive = instances.filter((it) => ALIVE.has(it.state)).map((it) => it.spec);
  const bounds = [
    limitOf(settings, alive, pool),
    ...settings.capacity.filter((rule) => fits(rule, pool)).map((rule) => capacityOf(rule, alive, pool)),
  ];
  return bounds.reduce<{ granted: number; refusal?: Refusal }>(
    (least, { room, refusal }) => (room < least.granted ? { granted: Math.max(0, room), refusal } : least),
    { granted: wanted },
  );
}

const fits = ({ instanceType, zone, market }: CapacityRule, pool: Pool) =>
  (instanceType ?? pool.instanceType) === pool.instanceType &&
  (zone ?? pool.zone) === pool.zone &&
  (market ?? pool.market) === pool.market;

function capacityOf(rule: CapacityRule, alive: readonly Pool[], pool: Pool) {
  const { code = "InsufficientInstanceCapacity", atMost } = rule;
  const message =
    pool.market === "spot"
      ? "There is no Spot capacity available that matches your request."
      : `We currently do not have sufficient ${pool.instanceType} capacity in the Availability Zone you requested (${pool.zone}).`;
  return { room: atMost - alive.filter((it) => fits(rule, it)).length, refusal: { code, message } };
}

function limitOf({ limits }: Pick<Ec2Settings, "limits">, alive: readonly Pool[], { market }: Pool) {
  const limit = limits[market] ?? Number.POSITIVE_INFINITY;
  const refusal =
    market === "spot"
      ? { code: "MaxSpotInstanceCountExceeded", message: "Max spot instance count exceeded" }
      : {
          code: "VcpuLimitExceeded",
          message: "You have requested more vCPU capacity than your current vCPU limit allows.",
        };
  return { room: limit - alive.filter((it) => it.market === market).length, refusal };
}
