import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  EC2Client,
  type Instance,
  type RequestLaunchTemplateData,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { expect, onTestFinished } from "vitest";
import type { Clock } from "../../../base/clock.ts";
import { closeEc2Clients, createCompute, type Ec2Clients } from "../../../cloud/aws/ec2.ts";
import { startTicks } from "../../../cloud/local/ec2/process-facts.ts";
import type { Ec2Settings } from "../../../cloud/local/ec2/settings.ts";
import type { NastyOptions } from "../../../cloud/local/nasty/faults.ts";
import { startCloud, type RunningCloud } from "../../../cloud/local/server.ts";
import type { Compute, ComputePool } from "../../../cloud/ports/compute.ts";
import { temporaryFolder } from "./cloud.ts";

export interface Ec2World {
  cloud: RunningCloud;
  ec2: EC2Client;
  reports: unknown[];
  clients: Ec2Clients;
  /** An adapter of the fleet `acme`, over a launch template of this name, which must exist. */
  compute: (template?: string) => Compute;
  /** Makes the launch template `workers` (or another). */
  template: (data?: RequestLaunchTemplateData, name?: string) => Promise<void>;
  run: (more?: Partial<RunInstancesCommandInput>) => Promise<string[]>;
  all: () => Promise<Instance[]>;
}

interface Options {
  dir?: string;
  port?: number;
  clock?: Clock;
  ec2?: Partial<Ec2Settings>;
  nasty?: NastyOptions;
  maxAttempts?: number;
}

/** Stays up until it is asked to end, and leaves at once then. */
export const OBEDIENT =
  "#!/bin/bash\ntrap 'exit 0' TERM\necho up\nexec 7<> <(:)\nwhile :; do read -r -t 60 -u 7; done\n";

export const base64 = (text: string) => Buffer.from(text).toString("base64");

export const pool = (more: Partial<ComputePool> = {}): ComputePool => ({
  name: "pool",
  instanceType: "m7i.large",
  zone: "us-east-1a",
  market: "on-demand",
  ...more,
});

/** An embedded cloud with clients of its EC2, both closed when the test is over. */
export async function ec2World(options: Options = {}): Promise<Ec2World> {
  const reports: unknown[] = [];
  const { maxAttempts = 1, ...rest } = options;
  const cloud = await startCloud({
    ...rest,
    dir: options.dir ?? (await temporaryFolder()),
    report: (error) => reports.push(error),
  });
  const world = clientsOf(cloud, maxAttempts);
  onTestFinished(async () => {
    closeEc2Clients(world.clients);
    await cloud.close();
  });
  return { cloud, reports, ...world };
}

export function clientsOf(
  { endpoint, region, credentials }: Pick<RunningCloud, "endpoint" | "region" | "credentials">,
  maxAttempts = 1,
) {
  const ec2 = new EC2Client({ endpoint, region, credentials, maxAttempts });
  const clients: Ec2Clients = { launch: ec2, call: ec2 };
  return {
    ec2,
    clients,
    compute: (template = "workers") =>
      createCompute(clients, { fleet: "acme", launch: { template, version: "$Latest" } }),
    template: async (data: RequestLaunchTemplateData = {}, name = "workers") => {
      const LaunchTemplateData: RequestLaunchTemplateData = {
        ImageId: "ami-1",
        UserData: base64(OBEDIENT),
        InstanceInitiatedShutdownBehavior: "terminate",
        ...data,
      };
      await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData }));
    },
    run: async (more: Partial<RunInstancesCommandInput> = {}) => {
      const input = { MinCount: 1, MaxCount: 1, ImageId: "ami-1", UserData: base64(OBEDIENT), ...more };
      const { Instances = [] } = await ec2.send(new RunInstancesCommand(input));
      return Instances.map((it) => it.InstanceId ?? "");
    },
    all: async () => {
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
      return Reservations.flatMap((it) => it.Instances ?? []);
    },
  };
}

/** Asks until it is so. */
export async function eventually<T>(ask: () => Promise<T> | T, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await sleep(20);
  }
}

/** Waits until an instance is in a state. */
export function inState({ cloud }: Pick<Ec2World, "cloud">, id: string, state: string) {
  const find = () => cloud.ec2.instances().find((it) => it.id === id);
  return eventually(find, (it) => it?.state === state);
}

/** Waits until an instance's console says something. */
export async function says({ cloud }: Pick<Ec2World, "cloud">, id: string, text: string): Promise<string> {
  const folder = cloud.ec2.instances().find((it) => it.id === id)?.folder ?? "";
  const read = () => readFile(`${folder}/console.log`, "utf8").catch(() => "");
  return await eventually(read, (it) => it.includes(text));
}

/** Whether a process runs; one that is dead and not yet taken note of does not. */
export const runs = (pid: number): boolean => startTicks(pid) !== undefined;

/** An error of this name, with this HTTP status. */
export const refusal = (name: string, httpStatusCode: number) =>
  expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode }) as unknown });
