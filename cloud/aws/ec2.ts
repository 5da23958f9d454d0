import {
  CreateFleetCommand,
  type CreateFleetCommandInput,
  DescribeInstancesCommand,
  EC2Client,
  type FleetLaunchTemplateOverridesRequest,
  type Instance,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { DroverError, reasonOf } from "../../base/errors.ts";
import type { Compute, ComputeInstance, ComputePool, LaunchRequest, LaunchResult } from "../ports/compute.ts";
import { isDefinite, isShort, refusalOf } from "./ec2-errors.ts";
import { callHandler } from "./handlers.ts";

/** Which launch template instances are made from; its user data brings them up. */
export interface LaunchTemplate {
  /** Its name, or its id when it starts with `lt-`. */
  template: string;
  /** A number, `$Latest` or `$Default`. */
  version: string;
}

export interface ComputeSettings {
  /** The name by which instances belong together: the fleet's bucket. */
  fleet: string;
  launch: LaunchTemplate;
}

/** What an instance of a fleet carries; IAM lets the scaler end nothing without the first. */
export const TAGS = { fleet: "drover:fleet", pool: "drover:pool", token: "drover:token" } as const;

/** EC2 throttles its callers by buckets that fill in seconds: more patience than the SDK's three attempts. */
const ATTEMPTS = 6;
/** CreateFleet takes seconds when it has to look around. */
const LAUNCH_TIMEOUT_MS = 60_000;

/** Two clients: a launch may take long, all else is given up sooner. */
export interface Ec2Clients {
  launch: EC2Client;
  call: EC2Client;
}

export function createEc2Clients(): Ec2Clients {
  const retries = { maxAttempts: ATTEMPTS, retryMode: "standard" };
  return {
    launch: new EC2Client({
      ...retries,
      requestHandler: { ...callHandler, requestTimeout: LAUNCH_TIMEOUT_MS },
    }),
    call: new EC2Client({ ...retries, requestHandler: callHandler }),
  };
}

export function closeEc2Clients(clients: Ec2Clients): void {
  clients.launch.destroy();
  clients.call.destroy();
}

/** The instances of one fleet. */
export function createCompute(clients: Ec2Clients, settings: ComputeSettings): Compute {
  return {
    launch: (request) => launch(clients.launch, settings, request),
    instances: () => instances(clients.call, settings.fleet),
    terminate: (ids) => terminate(clients.call, ids),
  };
}

/**
 * A repeated token launches nothing more, also when only the answer of the first request was lost: EC2 answers what it
 * answered then. It compares the whole request, so a token must come back with the same pool and count.
 * Throws `compute-token-reused` when it did not, `compute-unknown` when nobody can say what happened.
 */
async function launch(
  client: EC2Client,
  settings: ComputeSettings,
  request: LaunchRequest,
): Promise<LaunchResult> {
  try {
    const answer = await client.send(new CreateFleetCommand(fleetRequest(settings, request)));
    const instanceIds = (answer.Instances ?? []).flatMap((it) => it.InstanceIds ?? []);
    const refusals = (answer.Errors ?? []).map(
      ({ ErrorCode: code = "Unknown", ErrorMessage: message = code }) => ({
        code,
        message,
        capacity: isShort(code),
      }),
    );
    return { instanceIds, refusals };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.code === "IdempotentParameterMismatch") {
      const message = `The token ${request.token} was used for another launch. Make a new one for each.`;
      throw new DroverError("compute-token-reused", message, { cause: error });
    }
    if (refusal !== undefined && isDefinite(refusal.code)) return { instanceIds: [], refusals: [refusal] };
    throw unknown("launch instances", error);
  }
}

function fleetRequest(
  { fleet, launch: { template, version } }: ComputeSettings,
  { token, pool, count }: LaunchRequest,
): CreateFleetCommandInput {
  const isSpot = pool.market === "spot";
  const reference = template.startsWith("lt-")
    ? { LaunchTemplateId: template }
    : { LaunchTemplateName: template };
  const tags = { [TAGS.fleet]: fleet, [TAGS.pool]: pool.name, [TAGS.token]: token, Name: `drover ${fleet}` };
  return {
    Type: "instant",
    ClientToken: token,
    LaunchTemplateConfigs: [
      { LaunchTemplateSpecification: { ...reference, Version: version }, ...placeOf(pool) },
    ],
    TargetCapacitySpecification: {
      TotalTargetCapacity: count,
      DefaultTargetCapacityType: isSpot ? "spot" : "on-demand",
    },
    // There is one pool to choose from; the strategy with the fewest interruptions is what AWS recommends.
    ...(isSpot ? { SpotOptions: { AllocationStrategy: "price-capacity-optimized" } } : {}),
    TagSpecifications: [
      { ResourceType: "instance", Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
    ],
  };
}

/** What replaces the template's own. A subnet lies in one zone, so it stands in the zone's place. */
function placeOf({ instanceType, zone, subnetId }: ComputePool) {
  const override: FleetLaunchTemplateOverridesRequest = {
    // The SDK lists the types that it knew when it was made.
    ...(instanceType === undefined ? {} : { InstanceType: instanceType as "m7i.large" }),
    ...(subnetId === undefined ? {} : { SubnetId: subnetId }),
    ...(zone === undefined || subnetId !== undefined ? {} : { AvailabilityZone: zone }),
  };
  return Object.keys(override).length === 0 ? {} : { Overrides: [override] };
}

const PAGE = 1000; // the most that DescribeInstances answers at once

async function instances(client: EC2Client, fleet: string): Promise<ComputeInstance[]> {
  const found: ComputeInstance[] = [];
  let next: string | undefined;
  do {
    const command: DescribeInstancesCommand = new DescribeInstancesCommand({
      Filters: [{ Name: `tag:${TAGS.fleet}`, Values: [literal(fleet)] }],
      MaxResults: PAGE,
      ...(next === undefined ? {} : { NextToken: next }),
    });
    const answer = await client.send(command).catch((error: unknown) => {
      throw unknown("list instances", error);
    });
    for (const { Instances: members = [] } of answer.Reservations ?? [])
      found.push(...members.map(instanceOf));
    next = answer.NextToken === "" ? undefined : answer.NextToken;
  } while (next !== undefined);
  return found;
}

/** A filter's value, in which these three mean something (EC2 user guide, "Filtering using the CLI or API"). */
const literal = (text: string) => text.replaceAll(/[*?\\]/g, (one) => `\\${one}`);

function instanceOf(it: Instance): ComputeInstance {
  const tag = (key: string) => it.Tags?.find(({ Key }) => Key === key)?.Value ?? "";
  const id = it.InstanceId;
  const state = it.State?.Name;
  if (id === undefined || state === undefined)
    throw new DroverError("cloud-answer", "EC2 returned an instance without an id or a state.");
  const reason = it.StateReason?.Code;
  return {
    id,
    pool: tag(TAGS.pool),
    state,
    market: it.InstanceLifecycle === "spot" ? "spot" : "on-demand",
    launchedAt: it.LaunchTime?.getTime() ?? 0,
    token: tag(TAGS.token),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** EC2 takes up to a thousand, and asks for fewer at a time when there are many. */
const AT_ONCE = 200;

async function terminate(client: EC2Client, ids: readonly string[]): Promise<void> {
  const all = [...new Set(ids)];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    await terminateSome(client, all.slice(from, from + AT_ONCE));
  }
}

/** One id that is not known (any more) would keep all others alive: EC2 then does nothing and names those it misses. */
async function terminateSome(client: EC2Client, ids: readonly string[]): Promise<void> {
  let left = ids;
  while (left.length > 0) {
    try {
      await client.send(new TerminateInstancesCommand({ InstanceIds: [...left] }));
      return;
    } catch (error) {
      const refusal = refusalOf(error);
      const missing = /^InvalidInstanceID\.(?:NotFound|Malformed)$/.test(refusal?.code ?? "")
        ? left.filter((id) => refusal?.message.includes(id))
        : [];
      if (missing.length === 0) throw unknown("terminate instances", error);
      left = left.filter((id) => !missing.includes(id));
    }
  }
}

function unknown(what: string, error: unknown): DroverError {
  const message = `Could not ${what}: ${reasonOf(error)}. Check AWS_ENDPOINT_URL, AWS_REGION, the credentials and the role's policy; it is safe to repeat.`;
  return new DroverError("compute-unknown", message, { cause: error });
}
