import { randomBytes } from "node:crypto";
import {
  CreateFleetCommand,
  type CreateFleetCommandInput,
  CreateLaunchTemplateCommand,
  DeleteLaunchTemplateCommand,
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  type Instance,
  type RequestLaunchTemplateData,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { Skipped } from "./runner.ts";
import type { World } from "./world.ts";

/** The cheapest kind there is. */
const TYPE = "t3.nano";
const WAIT_MS = 500;

export const unique = () => `drover-conformance-${randomBytes(6).toString("hex")}`;

/** An image to launch from; without one the check is skipped. */
export function imageOf(w: World): string {
  if (w.image === undefined) throw new Skipped("CONFORMANCE_IMAGE names no image to launch from");
  return w.image;
}

/** A launch template that is removed when the check is over. Resolves to its name. */
export async function makeTemplate(w: World, data: RequestLaunchTemplateData = {}): Promise<string> {
  const LaunchTemplateName = unique();
  const LaunchTemplateData = {
    ImageId: w.image ?? "ami-0123456789abcdef0",
    InstanceType: TYPE,
    ...data,
  } as const;
  await w.ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
  w.after(() => w.ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName })));
  return LaunchTemplateName;
}

/** Launches instances, which are terminated when the check is over. */
export async function runInstances(
  w: World,
  more: Partial<RunInstancesCommandInput> = {},
): Promise<Instance[]> {
  const input = { ImageId: imageOf(w), InstanceType: TYPE, MinCount: 1, MaxCount: 1, ...more } as const;
  const { Instances: made = [] } = await w.ec2.send(new RunInstancesCommand(input));
  endAfter(
    w,
    made.map((it) => it.InstanceId ?? ""),
  );
  return made;
}

/** An instant fleet over a template; its instances are terminated when the check is over. */
export async function makeFleet(w: World, template: string, more: Partial<CreateFleetCommandInput> = {}) {
  imageOf(w);
  const answer = await w.ec2.send(
    new CreateFleetCommand({
      Type: "instant",
      LaunchTemplateConfigs: [
        { LaunchTemplateSpecification: { LaunchTemplateName: template, Version: "$Latest" } },
      ],
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: "on-demand" },
      ...more,
    }),
  );
  const ids = (answer.Instances ?? []).flatMap((it) => it.InstanceIds ?? []);
  endAfter(w, ids);
  return { answer, ids };
}

function endAfter(w: World, InstanceIds: string[]): void {
  if (InstanceIds.length > 0) w.after(() => w.ec2.send(new TerminateInstancesCommand({ InstanceIds })));
}

export async function describe(w: World, input: DescribeInstancesCommandInput): Promise<Instance[]> {
  const { Reservations = [] } = await w.ec2.send(new DescribeInstancesCommand(input));
  return Reservations.flatMap((it) => it.Instances ?? []);
}

/** Looks, since EC2 is eventually consistent, until the instances are as they should be. */
export async function eventually(
  w: World,
  ids: readonly string[],
  isSo: (instances: Instance[]) => boolean,
): Promise<Instance[]> {
  for (;;) {
    const found = await describe(w, { Filters: [{ Name: "instance-id", Values: [...ids] }] });
    if (found.length === ids.length && isSo(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}
