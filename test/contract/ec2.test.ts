import {
  CreateFleetCommand,
  type CreateFleetCommandInput,
  CreateLaunchTemplateVersionCommand,
  CreateTagsCommand,
  DeleteLaunchTemplateCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeTagsCommand,
  EC2Client,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { base64, ec2World, inState, OBEDIENT, refusal } from "../unit/cloud-local/ec2-world.ts";

/** Without a script a machine is only up. */
const BARE = { UserData: base64("") };

const fleet = (more: Partial<CreateFleetCommandInput> = {}): CreateFleetCommandInput => ({
  Type: "instant",
  LaunchTemplateConfigs: [
    {
      LaunchTemplateSpecification: { LaunchTemplateName: "workers", Version: "$Latest" },
      Overrides: [{ InstanceType: "m7i.large", AvailabilityZone: "us-east-1a" }],
    },
  ],
  TargetCapacitySpecification: { TotalTargetCapacity: 2, DefaultTargetCapacityType: "on-demand" },
  ...more,
});

describe("RunInstances", () => {
  test("answers pending instances of one reservation, and a repeated token the same ones", async () => {
    const { ec2, all } = await ec2World({ ec2: { bootDelayS: { from: 60, to: 60 } } });
    const command = () =>
      new RunInstancesCommand({ MinCount: 1, MaxCount: 3, ImageId: "ami-1", ClientToken: "t" });
    const first = await ec2.send(command());
    expect(first.Instances).toHaveLength(3);
    expect(first.Instances?.[1]).toMatchObject({
      InstanceType: "m7i.large",
      State: { Code: 0, Name: "pending" },
      Placement: { AvailabilityZone: "us-east-1a" },
      ClientToken: "t",
      AmiLaunchIndex: 1,
    });
    const again = await ec2.send(command());
    expect(again.ReservationId).toBe(first.ReservationId);
    expect(await all()).toHaveLength(3);
    const other = new RunInstancesCommand({ MinCount: 2, MaxCount: 3, ImageId: "ami-1", ClientToken: "t" });
    await expect(ec2.send(other)).rejects.toEqual(refusal("IdempotentParameterMismatch", 400));
  });

  test.each([
    [{ MinCount: 2, MaxCount: 1 }, "InvalidParameterValue"],
    [{ ImageId: "debian" }, "InvalidAMIID.Malformed"],
    [{ InstanceType: "large" }, "InvalidParameterValue"],
    [{ Placement: { AvailabilityZone: "eu-west-1a" } }, "InvalidParameterValue"],
    [{ SubnetId: "subnet-1" }, "InvalidSubnetID.NotFound"],
    [{ UserData: base64("#".repeat(16_385)) }, "InvalidParameterValue"],
    [{ LaunchTemplate: { LaunchTemplateName: "none" } }, "InvalidLaunchTemplateName.NotFoundException"],
    [{ HibernationOptions: { Configured: true } }, "UnsupportedOperation"],
    [
      { TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "aws:x" }] }] },
      "InvalidParameterValue",
    ],
  ])("refuses %j", async (more, code) => {
    const { run, all } = await ec2World();
    await expect(run(more as object)).rejects.toEqual(refusal(code, 400));
    expect(await all()).toEqual([]);
  });

  test("a dry run changes nothing", async () => {
    const { run, all } = await ec2World();
    await expect(run({ DryRun: true })).rejects.toEqual(refusal("DryRunOperation", 412));
    expect(await all()).toEqual([]);
  });

  test("gives what there is room for between MinCount and MaxCount, or nothing", async () => {
    const { run, all } = await ec2World({ ec2: { capacity: [{ zone: "us-east-1a", atMost: 2 }] } });
    await expect(run({ ...BARE, MinCount: 3, MaxCount: 3 })).rejects.toEqual(
      refusal("InsufficientInstanceCapacity", 500),
    );
    expect(await run({ ...BARE, MinCount: 1, MaxCount: 3 })).toHaveLength(2);
    await expect(run(BARE)).rejects.toEqual(refusal("InsufficientInstanceCapacity", 500));
    expect(await run({ ...BARE, Placement: { AvailabilityZone: "us-east-1b" } })).toHaveLength(1);
    expect(await all()).toHaveLength(3);
  });
});

describe("CreateFleet", () => {
  test("launches at once, with the template's settings, the request's tags, and its own", async () => {
    const { ec2, template, all } = await ec2World();
    await template({ ...BARE, IamInstanceProfile: { Name: "worker" } });
    const TagSpecifications = [
      { ResourceType: "instance" as const, Tags: [{ Key: "drover:fleet", Value: "a*b" }] },
    ];
    const answer = await ec2.send(new CreateFleetCommand(fleet({ TagSpecifications })));
    expect(answer.Errors ?? []).toEqual([]);
    expect(answer.Instances).toMatchObject([{ Lifecycle: "on-demand", InstanceType: "m7i.large" }]);
    const ids = answer.Instances?.[0]?.InstanceIds ?? [];
    const found = await all();
    expect(found.map((it) => it.InstanceId)).toEqual(ids);
    expect(found[0]?.Tags).toContainEqual({ Key: "aws:ec2:fleet-id", Value: answer.FleetId });
    expect(found[0]?.IamInstanceProfile?.Arn).toBe("arn:aws:iam::000000000000:instance-profile/worker");
  });

  test("says which place gave what, and why not more", async () => {
    const world = await ec2World({
      ec2: {
        capacity: [
          { instanceType: "m7i.large", market: "spot", atMost: 1 },
          { instanceType: "c7i.large", atMost: 0, code: "UnfulfillableCapacity" },
        ],
      },
    });
    await world.template(BARE);
    const Overrides = [
      { InstanceType: "m7i.large" as const, AvailabilityZone: "us-east-1a" },
      { InstanceType: "c7i.large" as const, AvailabilityZone: "us-east-1b" },
      { InstanceType: "r7i.large" as const, SubnetId: "subnet-0000000000000000c" },
      { InstanceType: "r7i.large" as const, AvailabilityZone: "us-east-1z" },
    ];
    const answer = await world.ec2.send(
      new CreateFleetCommand(
        fleet({
          LaunchTemplateConfigs: [
            { LaunchTemplateSpecification: { LaunchTemplateName: "workers" }, Overrides },
          ],
          TargetCapacitySpecification: { TotalTargetCapacity: 3, DefaultTargetCapacityType: "spot" },
        }),
      ),
    );
    expect(answer.Instances?.map((it) => [it.InstanceType, it.InstanceIds?.length, it.Lifecycle])).toEqual([
      ["m7i.large", 1, "spot"],
      ["r7i.large", 2, "spot"],
    ]);
    expect(
      answer.Errors?.map((it) => [it.ErrorCode, it.LaunchTemplateAndOverrides?.Overrides?.InstanceType]),
    ).toEqual([
      ["InsufficientInstanceCapacity", "m7i.large"],
      ["UnfulfillableCapacity", "c7i.large"],
    ]);
    const zones = (await world.all()).map((it) => it.Placement?.AvailabilityZone);
    expect(zones).toEqual(["us-east-1a", "us-east-1c", "us-east-1c"]);
  });

  test("a repeated token gives the same answer, its refusals included, also after a restart", async () => {
    const world = await ec2World({ ec2: { limits: { "on-demand": 1, spot: null } } });
    await world.template(BARE);
    const command = () => new CreateFleetCommand(fleet({ ClientToken: "once" }));
    const first = await world.ec2.send(command());
    expect(first.Errors).toMatchObject([{ ErrorCode: "VcpuLimitExceeded" }]);
    world.cloud.ec2.configure({ limits: { "on-demand": null, spot: null } });
    const { $metadata: _, ...again } = await world.ec2.send(command());
    expect(again).toEqual({ FleetId: first.FleetId, Instances: first.Instances, Errors: first.Errors });
    await world.cloud.close();
    const next = await ec2World({ dir: world.cloud.dir });
    expect((await next.ec2.send(command())).Instances).toEqual(first.Instances);
    expect(await next.all()).toHaveLength(1);
  });

  test.each([
    [{ Type: "maintain" as const }, "UnsupportedOperation"],
    [{ LaunchTemplateConfigs: [] }, "MissingParameter"],
    [{ SpotOptions: { MinTargetCapacity: 1 } }, "UnsupportedOperation"],
    [{ TargetCapacitySpecification: { TotalTargetCapacity: 0 } }, "InvalidParameterValue"],
  ])("refuses %j", async (more, code) => {
    const { ec2, template } = await ec2World();
    await template(BARE);
    await expect(ec2.send(new CreateFleetCommand(fleet(more)))).rejects.toEqual(refusal(code, 400));
  });

  test("refuses a template or a version that is not there", async () => {
    const { ec2, template } = await ec2World();
    const ask = (more: object) =>
      ec2.send(
        new CreateFleetCommand(fleet({ LaunchTemplateConfigs: [{ LaunchTemplateSpecification: more }] })),
      );
    await expect(ask({ LaunchTemplateId: "lt-0" })).rejects.toEqual(
      refusal("InvalidLaunchTemplateId.NotFound", 400),
    );
    await template();
    await expect(ask({ LaunchTemplateName: "workers", Version: "7" })).rejects.toEqual(
      refusal("InvalidLaunchTemplateId.VersionNotFound", 400),
    );
  });
});

describe("DescribeInstances", () => {
  test("finds by tags, with the filters' wildcards, page by page", async () => {
    const { ec2, run } = await ec2World();
    const tagged = (Value: string) => ({
      ...BARE,
      TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key: "fleet", Value }] }],
    });
    const ids = [
      ...(await run({ ...tagged("acme-1"), MaxCount: 4 })),
      ...(await run({ ...tagged("acme-2"), MaxCount: 3 })),
    ];
    await run(tagged("other"));
    const pages: (string | undefined)[][] = [];
    let NextToken: string | undefined;
    do {
      const Filters = [
        { Name: "tag:fleet", Values: ["acme-?"] },
        { Name: "instance-state-name", Values: ["pending", "running"] },
      ];
      const answer = await ec2.send(new DescribeInstancesCommand({ Filters, MaxResults: 5, NextToken }));
      pages.push((answer.Reservations ?? []).flatMap((it) => it.Instances ?? []).map((it) => it.InstanceId));
      ({ NextToken } = answer);
    } while (NextToken !== undefined);
    expect(pages).toEqual([ids.slice(0, 5), ids.slice(5)]);
  });

  test.each([
    [{ InstanceIds: ["i-0123456789abcdef0"] }, "InvalidInstanceID.NotFound"],
    [{ InstanceIds: ["web-1"] }, "InvalidInstanceID.Malformed"],
    [{ MaxResults: 4 }, "InvalidParameterValue"],
    [{ NextToken: "x" }, "InvalidNextToken"],
    [{ Filters: [{ Name: "colour", Values: ["red"] }] }, "InvalidParameterValue"],
  ])("refuses %j", async (input, code) => {
    const { ec2, run } = await ec2World();
    await run(BARE);
    await expect(ec2.send(new DescribeInstancesCommand(input))).rejects.toEqual(refusal(code, 400));
  });

  test("does not know a new instance for a while, where reads are eventually consistent", async () => {
    const { ec2, run, all, cloud } = await ec2World({ ec2: { describeLagS: 3600 } });
    const [id = ""] = await run(BARE);
    expect(await all()).toEqual([]);
    await expect(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))).rejects.toEqual(
      refusal("InvalidInstanceID.NotFound", 400),
    );
    await inState({ cloud }, id, "running");
  });
});

describe("TerminateInstances", () => {
  test("ends all or none, and repeats harmlessly", async () => {
    const { ec2, run, all, cloud } = await ec2World();
    const [one = "", two = ""] = await run({ UserData: base64(OBEDIENT), MaxCount: 2 });
    const missing = "i-0123456789abcdef0";
    const end = (...InstanceIds: string[]) => ec2.send(new TerminateInstancesCommand({ InstanceIds }));
    await expect(end(one, missing)).rejects.toEqual(refusal("InvalidInstanceID.NotFound", 400));
    expect((await all()).some((it) => it.State?.Name === "shutting-down")).toBe(false);
    await end(one, two, one);
    await Promise.all([one, two].map((id) => inState({ cloud }, id, "terminated")));
    const again = await end(one);
    expect(again.TerminatingInstances?.[0]).toMatchObject({
      PreviousState: { Name: "terminated" },
      CurrentState: { Name: "terminated" },
    });
  });
});

describe("launch templates and tags", () => {
  test("versions: numbers, the default and the latest", async () => {
    const { ec2, template, run, all } = await ec2World();
    const LaunchTemplateName = "workers";
    await template({ ...BARE, InstanceType: "m7i.large" });
    await expect(template()).rejects.toEqual(
      refusal("InvalidLaunchTemplateName.AlreadyExistsException", 400),
    );
    const LaunchTemplateData = { ...BARE, ImageId: "ami-2", InstanceType: "m7i.xlarge" as const };
    await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName, LaunchTemplateData }));
    const launched = async (Version?: string) => {
      await run({ ImageId: undefined, LaunchTemplate: { LaunchTemplateName, Version } });
      return (await all()).at(-1)?.InstanceType;
    };
    expect(await launched()).toBe("m7i.large");
    expect(await launched("$Latest")).toBe("m7i.xlarge");
    await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName, DefaultVersion: "2" }));
    expect(await launched()).toBe("m7i.xlarge");
    const { LaunchTemplates } = await ec2.send(new DescribeLaunchTemplatesCommand({}));
    expect(LaunchTemplates).toMatchObject([
      { LaunchTemplateName, DefaultVersionNumber: 2, LatestVersionNumber: 2 },
    ]);
    await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName }));
    const gone = new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: [LaunchTemplateName] });
    await expect(ec2.send(gone)).rejects.toEqual(refusal("InvalidLaunchTemplateName.NotFoundException", 400));
  });

  test("tags can be put on instances later", async () => {
    const { ec2, run } = await ec2World();
    const [id = ""] = await run(BARE);
    await ec2.send(
      new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "Name", Value: "<one> & only" }] }),
    );
    const { Tags } = await ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }),
    );
    expect(Tags).toEqual([{ Key: "Name", Value: "<one> & only", ResourceId: id, ResourceType: "instance" }]);
  });
});

describe("who may ask", () => {
  test("only whoever signs with credentials of the cloud", async () => {
    const { cloud } = await ec2World();
    const { endpoint, region } = cloud;
    const credentials = { ...cloud.credentials, secretAccessKey: "wrong" };
    const stranger = new EC2Client({ endpoint, region, credentials, maxAttempts: 1 });
    await expect(stranger.send(new DescribeInstancesCommand({}))).rejects.toEqual(
      refusal("SignatureDoesNotMatch", 403),
    );
    stranger.destroy();
  });

  test("and not too often, when there is a limit", async () => {
    const { cloud, all } = await ec2World({ ec2: { throttle: { ratePerS: 0, burst: 2 } } });
    await all();
    await all();
    await expect(all()).rejects.toEqual(refusal("RequestLimitExceeded", 503));
    expect(cloud.ec2.throttled()).toBe(1);
  });
});
