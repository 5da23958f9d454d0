import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { closeEc2Clients, createCompute, createEc2Clients } from "../../cloud/aws/ec2.ts";
import { ensureLaunchTemplate } from "../../cloud/aws/ec2-template.ts";
import { awsServer } from "../support/aws-server.ts";
import { botocorePython } from "../support/botocore.ts";

const CHECK = join(import.meta.dirname, "ec2_model.py");

/** Everything that the adapter ever asks EC2 for, as it goes over the wire. */
async function allRequests(): Promise<[string, string][][]> {
  const asked: [string, string][][] = [];
  await awsServer(({ body }, response) => {
    const form = new URLSearchParams(body.toString());
    asked.push([...form]);
    const page = form.get("Action") === "DescribeInstances" && form.get("NextToken") === null;
    const next = page ? "<nextToken>more</nextToken>" : "";
    response.writeHead(200, { "content-type": "text/xml" }).end(`<Response>${next}</Response>`);
  });
  const clients = createEc2Clients();
  onTestFinished(() => closeEc2Clients(clients));
  const launch = { template: "drover", version: "$Latest" };
  const compute = createCompute(clients, { fleet: "acme", launch });
  const spot = { name: "a", market: "spot", instanceType: "m5.large" } as const;
  await compute.launch({ token: "1", count: 7, pool: { ...spot, subnetId: "subnet-9" } });
  await compute.launch({ token: "2", count: 1, pool: { ...spot, market: "on-demand", zone: "us-east-1a" } });
  await compute.launch({ token: "3", count: 1, pool: { name: "default", market: "on-demand" } });
  await compute.instances();
  await compute.terminate(["i-0123456789abcdef0", "i-fedcba9876543210f"]);
  const template = { name: "drover", imageId: "ami-1", instanceType: "m5.large", profile: "p" };
  await ensureLaunchTemplate(clients, { ...template, userData: Buffer.from("#!/bin/sh\n") });
  return asked;
}

test("what the adapter asks for is what AWS's own description of EC2 says", async ({ skip }) => {
  const python = botocorePython(skip);
  const asked = await allRequests();
  const [first = []] = asked;
  const change = (name: string, to: string) => first.map(([it, value]) => [it, it === name ? to : value]);
  // The check itself finds what is wrong.
  const wrong = [
    [...first, ["Colour", "red"]],
    change("Type", "sometimes"),
    change("TargetCapacitySpecification.TotalTargetCapacity", "many"),
    first.filter(([name]) => !name.startsWith("LaunchTemplateConfigs")),
  ];
  const input = JSON.stringify([...asked, ...wrong]);
  const verdicts = execFileSync(python, [CHECK], { input, encoding: "utf8" }).trim().split("\n");
  expect(verdicts).toEqual([
    "CreateFleet",
    "CreateFleet",
    "CreateFleet",
    "DescribeInstances",
    "DescribeInstances",
    "TerminateInstances",
    "CreateLaunchTemplate",
    expect.stringMatching(/knows no Colour/),
    expect.stringMatching(/Type=sometimes is none of/),
    expect.stringMatching(/many/),
    expect.stringMatching(/lacks LaunchTemplateConfigs/),
  ]);
});
