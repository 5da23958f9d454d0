import { AwsError } from "../../aws-error.ts";
import { invalid, type Parameters } from "../../simpledb/parameters.ts";
import type { XmlFields } from "../../simpledb/xml.ts";
import type { Refusal } from "../capacity.ts";
import { once } from "../idempotency.ts";
import { newFleetId } from "../ids.ts";
import { launch } from "../launch.ts";
import { type LaunchData, merged, readTagSpecifications } from "../launch-data.ts";
import { completed, type TemplateRef } from "../launch-spec.ts";
import { onlyKnown } from "../names.ts";
import type { Market } from "../settings.ts";
import type { Call, Ec2State, Operation } from "../state.ts";
import type { Tags } from "../tag-table.ts";
import { templateData } from "../template-ref.ts";

/** One place to launch at: what a template says, and what replaces it. */
interface Candidate {
  template: TemplateRef;
  data: LaunchData;
  /** The override as it was sent; told again in the answer. */
  override: Override;
}

type Override = Pick<LaunchData, "instanceType" | "zone" | "subnetId" | "imageId">;

interface Filled {
  template: TemplateRef;
  override: Override;
  market: Market;
  instanceType: string;
  ids: string[];
  refusal?: Refusal;
}

const MOST = 10_000; // EC2 user guide, "EC2 Fleet quotas": instances of one fleet

/**
 * A fleet of type `instant`: one synchronous request for capacity, and what could not be had is told with its reasons.
 * Candidates are filled in the order in which they stand; EC2 would weigh prices and depths of pools.
 */
export const createFleet: Operation = (state, call) => {
  checkShape(call);
  const { parameters } = call;
  const { fleetId, filled } = once(state, call, () => {
    const id = newFleetId();
    const tags = readTagSpecifications(parameters, ["instance", "fleet"])["instance"] ?? {};
    const candidates = candidatesOf(state, parameters);
    const orders = capacityOf(parameters).filter(({ count }) => count > 0);
    const clientToken = parameters.optionalText("ClientToken") ?? "";
    const results = orders.flatMap(({ market, count }) =>
      fill(state, candidates, { market, count, tags, fleetId: id, clientToken }),
    );
    return { fleetId: id, filled: results };
  });
  return answerOf(fleetId, filled);
};

function checkShape(call: Call): void {
  onlyKnown(call, [
    "LaunchTemplateConfigs",
    "OnDemandOptions",
    "SpotOptions",
    "TagSpecification",
    "TargetCapacitySpecification",
    "Type",
  ]);
  const placing = ["AllocationStrategy", "SingleAvailabilityZone", "SingleInstanceType"];
  onlyKnown(call, [...placing, "InstanceInterruptionBehavior"], "SpotOptions.");
  onlyKnown(call, placing, "OnDemandOptions.");
  const type = call.parameters.optionalText("Type") ?? "maintain";
  if (type !== "instant")
    throw new AwsError("UnsupportedOperation", `The embedded cloud has no fleets of type ${type}.`);
  const behavior =
    call.parameters.below("SpotOptions")?.optionalText("InstanceInterruptionBehavior") ?? "terminate";
  if (behavior !== "terminate")
    throw new AwsError("UnsupportedOperation", `The embedded cloud cannot ${behavior} what is reclaimed.`);
}

function capacityOf(parameters: Parameters): { market: Market; count: number }[] {
  const capacity = parameters.below("TargetCapacitySpecification");
  if (capacity === undefined)
    throw new AwsError("MissingParameter", "The request must contain TargetCapacitySpecification");
  const total = numberOf(capacity, "TotalTargetCapacity") ?? 0;
  const spot = numberOf(capacity, "SpotTargetCapacity");
  const onDemand = numberOf(capacity, "OnDemandTargetCapacity");
  const rest = Math.max(0, total - (spot ?? 0) - (onDemand ?? 0));
  const kind = capacity.optionalText("DefaultTargetCapacityType") ?? "on-demand";
  if (kind !== "spot" && kind !== "on-demand")
    throw invalid(kind, "DefaultTargetCapacityType", "It is spot or on-demand.");
  if (total < 1 || total > MOST) throw invalid(String(total), "TotalTargetCapacity", `It is 1 to ${MOST}.`);
  return [
    { market: "on-demand", count: (onDemand ?? 0) + (kind === "on-demand" ? rest : 0) },
    { market: "spot", count: (spot ?? 0) + (kind === "spot" ? rest : 0) },
  ];
}

function numberOf(parameters: Parameters, name: string): number | undefined {
  const text = parameters.optionalText(name);
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw invalid(text, name, "It is a number.");
}

const KNOWN_OVERRIDES = ["InstanceType", "AvailabilityZone", "SubnetId", "ImageId", "Priority"] as const;

function candidatesOf(state: Ec2State, parameters: Parameters): Candidate[] {
  const configs = parameters.list("LaunchTemplateConfigs");
  if (configs.length === 0)
    throw new AwsError("MissingParameter", "The request must contain LaunchTemplateConfigs");
  return configs.flatMap((config) => {
    const specification = config.below("LaunchTemplateSpecification");
    if (specification === undefined)
      throw new AwsError("MissingParameter", "The request must contain a LaunchTemplateSpecification");
    const from = templateData(state, specification);
    const overrides = config.list("Overrides").map(readOverride);
    return (overrides.length === 0 ? [{}] : overrides).map((override) => ({ ...from, override }));
  });
}

function readOverride(parameters: Parameters): Override {
  for (const name of ["WeightedCapacity", "MaxPrice"]) {
    if (parameters.optionalText(name) !== undefined)
      throw new AwsError("UnsupportedOperation", `The embedded cloud does not know the override ${name}.`);
  }
  for (const name of ["InstanceRequirements", "Placement", "BlockDeviceMapping"]) {
    if (parameters.below(name) !== undefined)
      throw new AwsError("UnsupportedOperation", `The embedded cloud does not know the override ${name}.`);
  }
  const [instanceType, zone, subnetId, imageId] = KNOWN_OVERRIDES.map((it) => parameters.optionalText(it));
  return Object.fromEntries(
    Object.entries({ instanceType, zone, subnetId, imageId }).filter(([, value]) => value !== undefined),
  );
}

interface Order {
  market: Market;
  count: number;
  tags: Tags;
  fleetId: string;
  clientToken: string;
}

function fill(state: Ec2State, candidates: readonly Candidate[], order: Order): Filled[] {
  let left = order.count;
  const results: Filled[] = [];
  for (const { template, data, override } of candidates) {
    if (left === 0) break;
    const { market, fleetId, clientToken } = order;
    const about = { template, override, market };
    const all = merged(data, override, { market, tags: order.tags });
    try {
      const spec = { ...completed(all, state.region), clientToken, template, fleetId };
      const { ids, refusal } = launch(state, { spec, tags: fleetTags(all, fleetId), min: 0, max: left });
      left -= ids.length;
      const { instanceType } = spec;
      results.push({ ...about, instanceType, ids, ...(refusal === undefined ? {} : { refusal }) });
    } catch (error) {
      // One candidate that makes no sense is told of beside the others.
      if (!(error instanceof AwsError)) throw error;
      const refusal = { code: error.code, message: error.message };
      results.push({ ...about, instanceType: "", ids: [], refusal });
    }
  }
  return results;
}

const fleetTags = ({ tags }: LaunchData, fleetId: string): Tags => ({
  ...tags,
  "aws:ec2:fleet-id": fleetId,
});

function answerOf(fleetId: string, filled: readonly Filled[]): XmlFields {
  const launched = filled.filter((it) => it.ids.length > 0);
  const refused = filled.filter((it) => it.refusal !== undefined);
  return {
    fleetId,
    fleetInstanceSet: {
      item: launched.map((it) => ({
        launchTemplateAndOverrides: placeOf(it),
        lifecycle: it.market,
        instanceIds: { item: it.ids },
        instanceType: it.instanceType,
      })),
    },
    errorSet: {
      item: refused.map((it) => ({
        launchTemplateAndOverrides: placeOf(it),
        lifecycle: it.market,
        errorCode: it.refusal?.code,
        errorMessage: it.refusal?.message,
      })),
    },
  };
}

function placeOf({ template, override }: Filled): XmlFields {
  return {
    launchTemplateSpecification: { launchTemplateId: template.id, version: template.version },
    overrides: {
      instanceType: override.instanceType,
      availabilityZone: override.zone,
      subnetId: override.subnetId,
      imageId: override.imageId,
    },
  };
}
