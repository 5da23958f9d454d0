import assert from "node:assert/strict";
import { CreateTagsCommand, DescribeTagsCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { refused, sameItems } from "./assertions.ts";
import { ec2Api, ec2DevGuide, ec2Guide, type Check } from "./check.ts";
import { describe, eventually, imageOf, makeFleet, makeTemplate, runInstances, unique } from "./ec2-calls.ts";

const createFleet = ec2Api("API_CreateFleet");
const runs = ec2Api("API_RunInstances");
const terminate = ec2Api("API_TerminateInstances");
const lifecycle = ec2Guide("ec2-instance-lifecycle");
const idempotency = ec2DevGuide("ec2-api-idempotency");
const tagging = ec2Guide("Using_Tags");
const filtering = ec2Guide("Using_Filtering");

const tagged = (Key: string, Value: string) => ({
  TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key, Value }] }],
});

/** What launches instances: a run against AWS costs a little, and is skipped without an image. */
export const ec2InstanceChecks: readonly Check[] = [
  lifecycle("ec2-life", "An instance is pending, runs, shuts down, and is terminated.", async (w) => {
    const [made] = await runInstances(w);
    const id = made?.InstanceId ?? "";
    assert.match(id, /^i-[0-9a-f]{17}$/);
    assert.deepEqual(made?.State, { Code: 0, Name: "pending" });
    await eventually(w, [id], ([it]) => it?.State?.Name === "running" && it.State.Code === 16);
    const { TerminatingInstances: ending } = await w.ec2.send(
      new TerminateInstancesCommand({ InstanceIds: [id] }),
    );
    assert.deepEqual(ending, [
      {
        InstanceId: id,
        PreviousState: { Code: 16, Name: "running" },
        CurrentState: { Code: 32, Name: "shutting-down" },
      },
    ]);
    const [ended] = await eventually(w, [id], ([it]) => it?.State?.Name === "terminated");
    assert.equal(ended?.StateReason?.Code, "Client.UserInitiatedShutdown");
  }),
  terminate("ec2-terminate-again", "Terminating an instance once more is no error.", async (w) => {
    const [made] = await runInstances(w);
    const InstanceIds = [made?.InstanceId ?? ""];
    await eventually(w, InstanceIds, () => true);
    await w.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
    await w.ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  }),
  terminate("ec2-terminate-all-or-none", "One wrong id, and no instance is terminated.", async (w) => {
    const [made] = await runInstances(w);
    const id = made?.InstanceId ?? "";
    await eventually(w, [id], ([it]) => it?.State?.Name === "running");
    const both = new TerminateInstancesCommand({ InstanceIds: [id, "i-0123456789abcdef0"] });
    await refused(w.ec2.send(both), "InvalidInstanceID.NotFound", 400);
    const [after] = await describe(w, { InstanceIds: [id] });
    assert.equal(after?.State?.Name, "running");
  }),
  runs("ec2-run-dry", "A dry run says that it would work and launches nothing.", async (w) => {
    imageOf(w);
    await refused(runInstances(w, { DryRun: true }), "DryRunOperation", 412);
  }),
  idempotency("ec2-run-token", "A repeated client token launches nothing more.", async (w) => {
    const ClientToken = unique();
    const first = await runInstances(w, { ClientToken, MaxCount: 2, MinCount: 2 });
    const again = await runInstances(w, { ClientToken, MaxCount: 2, MinCount: 2 });
    sameItems(
      again.map((it) => it.InstanceId),
      first.map((it) => it.InstanceId ?? ""),
    );
    await refused(runInstances(w, { ClientToken, MaxCount: 1 }), "IdempotentParameterMismatch", 400);
  }),
  createFleet(
    "ec2-fleet-instant",
    "An instant fleet answers the instances that it has launched.",
    async (w) => {
      imageOf(w);
      const { answer, ids } = await makeFleet(w, await makeTemplate(w), {
        TargetCapacitySpecification: { TotalTargetCapacity: 2, DefaultTargetCapacityType: "on-demand" },
        ...tagged("drover-conformance", "fleet"),
      });
      assert.match(answer.FleetId ?? "", /^fleet-/);
      assert.deepEqual([answer.Errors ?? [], ids.length], [[], 2]);
      assert.equal(answer.Instances?.[0]?.Lifecycle, "on-demand");
      const found = await eventually(w, ids, () => true);
      for (const { Tags = [] } of found) {
        assert(Tags.some((it) => it.Key === "drover-conformance" && it.Value === "fleet"));
        assert(Tags.some((it) => it.Key === "aws:ec2:fleet-id" && it.Value === answer.FleetId));
      }
    },
  ),
  idempotency("ec2-fleet-token", "A repeated client token answers the same fleet.", async (w) => {
    imageOf(w);
    const template = await makeTemplate(w);
    const ClientToken = unique();
    const first = await makeFleet(w, template, { ClientToken });
    const again = await makeFleet(w, template, { ClientToken });
    assert.equal(again.answer.FleetId, first.answer.FleetId);
    sameItems(again.ids, first.ids);
  }),
  createFleet("ec2-fleet-override", "An override replaces what the template says.", async (w) => {
    imageOf(w);
    const zone = `${w.region}a`;
    const LaunchTemplateName = await makeTemplate(w, { InstanceType: "t3.micro" });
    const { ids } = await makeFleet(w, LaunchTemplateName, {
      LaunchTemplateConfigs: [
        {
          LaunchTemplateSpecification: { LaunchTemplateName, Version: "1" },
          Overrides: [{ InstanceType: "t3.nano", AvailabilityZone: zone }],
        },
      ],
    });
    const [it] = await eventually(w, ids, () => true);
    assert.deepEqual([it?.InstanceType, it?.Placement?.AvailabilityZone], ["t3.nano", zone]);
  }),
  createFleet("ec2-fleet-spot", "A spot instance says that it is one.", async (w) => {
    imageOf(w);
    const { answer, ids } = await makeFleet(w, await makeTemplate(w), {
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: "spot" },
    });
    assert.equal(answer.Instances?.[0]?.Lifecycle, "spot");
    const [it] = await eventually(w, ids, () => true);
    assert.equal(it?.InstanceLifecycle, "spot");
    assert.match(it.SpotInstanceRequestId ?? "", /^sir-/);
  }),
  tagging("ec2-tags", "Tags are put on an instance, described, and replaced.", async (w) => {
    const [made] = await runInstances(w, tagged("a", "1"));
    const id = made?.InstanceId ?? "";
    await eventually(w, [id], () => true);
    await w.ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "a", Value: "<2> & more" }] }));
    const asked = new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] });
    const { Tags } = await w.ec2.send(asked);
    assert.deepEqual(Tags, [{ Key: "a", Value: "<2> & more", ResourceId: id, ResourceType: "instance" }]);
  }),
  filtering("ec2-filter-wildcards", "In filters * stands for any text, ? for one character.", async (w) => {
    const value = unique();
    const made = await runInstances(w, tagged("drover-conformance", value));
    const ids = made.map((it) => it.InstanceId ?? "");
    await eventually(w, ids, () => true);
    const found = async (pattern: string) =>
      (await describe(w, { Filters: [{ Name: "tag:drover-conformance", Values: [pattern] }] })).length;
    const counts = [];
    for (const pattern of [
      value,
      `${value.slice(0, -3)}*`,
      `${value.slice(0, -1)}?`,
      `${value}?`,
      value.slice(0, -1),
    ])
      counts.push(await found(pattern));
    assert.deepEqual(counts, [1, 1, 1, 0, 0]);
  }),
  filtering("ec2-filter-values", "Filters join by AND, their values by OR.", async (w) => {
    const value = unique();
    await runInstances(w, tagged("drover-conformance", value));
    const ask = (...states: string[]) =>
      describe(w, {
        Filters: [
          { Name: "tag:drover-conformance", Values: ["nothing", value] },
          { Name: "instance-state-name", Values: states },
        ],
      });
    while ((await ask("pending", "running")).length === 0);
    assert.deepEqual(await ask("terminated", "stopped"), []);
  }),
];
