import { DescribeLaunchTemplatesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeEc2Clients, createCompute, createEc2Clients } from "../../../cloud/aws/ec2.ts";
import { ensureLaunchTemplate } from "../../../cloud/aws/ec2-template.ts";
import { awsServer } from "../../support/aws-server.ts";
import { flakyProxy } from "../../support/flaky-proxy.ts";
import type { Seen } from "../../support/web-server.ts";
import { base64, ec2World, inState, pool, says } from "../cloud-local/ec2-world.ts";

const BARE = { UserData: base64("") };
const SPOT = pool({ name: "cheap", market: "spot", zone: "us-east-1b" });

describe("against the embedded EC2", () => {
  test("launches, lists, and ends the instances of one fleet", async () => {
    const world = await ec2World();
    await world.template();
    const compute = world.compute();
    const [home, cheap] = await Promise.all([
      compute.launch({ token: "t1", pool: pool(), count: 2 }),
      compute.launch({ token: "t2", pool: SPOT, count: 1 }),
    ]);
    expect([home.refusals, cheap.refusals]).toEqual([[], []]);
    await world.run(BARE); // of nobody's fleet
    const [id = ""] = cheap.instanceIds;
    await says(world, id, "up");
    const found = await compute.instances();
    expect(found.map((it) => it.id).toSorted((a, b) => a.localeCompare(b))).toEqual(
      [...home.instanceIds, id].toSorted((a, b) => a.localeCompare(b)),
    );
    expect(found.find((it) => it.id === id)).toEqual({
      id,
      pool: "cheap",
      state: "running",
      market: "spot",
      launchedAt: expect.closeTo(Date.now(), -5) as number,
      token: "t2",
    });
    await compute.terminate([id, "i-0123456789abcdef0", "i-fedcba9876543210f", "nonsense", id]);
    await inState(world, id, "terminated");
    await compute.terminate([id]);
    const ended = (await compute.instances()).find((it) => it.id === id);
    expect(ended).toMatchObject({ state: "terminated", reason: "Client.UserInitiatedShutdown", token: "t2" });
  });

  test("a launch whose answer was lost is repeated and launches nothing more", async () => {
    const world = await ec2World();
    await world.template(BARE);
    const { region, credentials, endpoint } = world.cloud;
    const proxy = await flakyProxy(endpoint);
    const lossy = new EC2Client({ endpoint: proxy.origin, region, credentials, maxAttempts: 2 });
    onTestFinished(() => lossy.destroy());
    const settings = { fleet: "acme", launch: { template: "workers", version: "$Latest" } };
    const compute = createCompute({ launch: lossy, call: lossy }, settings);
    const request = { token: "once", pool: pool(), count: 2 };
    proxy.mode = "lossy";
    await expect(compute.launch(request)).rejects.toMatchObject({ code: "compute-unknown" });
    expect(proxy.counts.lossy).toBeGreaterThanOrEqual(2);
    proxy.mode = "up";
    const { instanceIds } = await compute.launch(request);
    expect(instanceIds).toHaveLength(2);
    expect((await compute.instances()).map((it) => it.id)).toEqual(instanceIds);
    const other = compute.launch({ ...request, count: 3 });
    await expect(other).rejects.toMatchObject({ code: "compute-token-reused" });
  });

  test("a pool without room refuses, in part or wholly; a limit of the account is another thing", async () => {
    const capacity = [{ market: "spot" as const, atMost: 1 }];
    const world = await ec2World({ ec2: { capacity, limits: { "on-demand": 1, spot: null } } });
    await world.template(BARE);
    const compute = world.compute();
    const part = await compute.launch({ token: "1", pool: SPOT, count: 3 });
    expect([part.instanceIds.length, part.refusals]).toMatchObject([
      1,
      [{ code: "InsufficientInstanceCapacity", capacity: true }],
    ]);
    expect(await compute.launch({ token: "2", pool: SPOT, count: 1 })).toMatchObject({ instanceIds: [] });
    await compute.launch({ token: "3", pool: pool(), count: 1 });
    expect(await compute.launch({ token: "4", pool: pool(), count: 1 })).toMatchObject({
      instanceIds: [],
      refusals: [{ code: "VcpuLimitExceeded", capacity: false }],
    });
  });

  test("a mistake of ours is a refusal too, and not one of capacity", async () => {
    const world = await ec2World();
    const launched = await world.compute().launch({ token: "1", pool: pool(), count: 1 });
    const code = "InvalidLaunchTemplateName.NotFoundException";
    expect(launched).toMatchObject({ instanceIds: [], refusals: [{ code, capacity: false }] });
    await world.template(BARE);
    const elsewhere = pool({ zone: "eu-west-1a", subnetId: "subnet-0" });
    expect(await world.compute().launch({ token: "2", pool: elsewhere, count: 1 })).toMatchObject({
      instanceIds: [],
      refusals: [{ code: "InvalidSubnetID.NotFound", capacity: false }],
    });
  });

  test("whoever may not ask is told so, and nothing is taken for a refusal of the pool", async () => {
    const { cloud } = await ec2World();
    const { endpoint, region } = cloud;
    const credentials = { accessKeyId: "AKIANOBODY", secretAccessKey: "x" };
    const client = new EC2Client({ endpoint, region, credentials });
    onTestFinished(() => client.destroy());
    const launch = { template: "workers", version: "1" };
    const compute = createCompute({ launch: client, call: client }, { fleet: "acme", launch });
    const unknown = { code: "compute-unknown" };
    await expect(compute.launch({ token: "1", pool: pool(), count: 1 })).rejects.toMatchObject(unknown);
    await expect(compute.instances()).rejects.toMatchObject(unknown);
    await expect(compute.terminate(["i-0123456789abcdef0"])).rejects.toMatchObject(unknown);
  });

  test("throttled requests are made again", async () => {
    const world = await ec2World({ ec2: { throttle: { ratePerS: 5, burst: 1 } }, maxAttempts: 8 });
    await world.template(BARE);
    const compute = world.compute();
    await Promise.all([compute.instances(), compute.instances(), compute.instances()]);
    expect(world.cloud.ec2.throttled()).toBeGreaterThan(0);
  });

  test("a fleet's name is no pattern", async () => {
    const world = await ec2World();
    const tags = (Value: string) => ({
      TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key: "drover:fleet", Value }] }],
    });
    await world.run({ ...BARE, ...tags("acme-prod") });
    const launch = { template: "t", version: "1" };
    const found = await createCompute(world.clients, { fleet: "acme-*", launch }).instances();
    expect(found).toEqual([]);
  });

  test("the launch template is made once, and a new version of it each time after", async () => {
    const world = await ec2World();
    const spec = { name: "drover", imageId: "ami-1", profile: "worker" };
    for (const text of ["#!/bin/sh\necho one\n", "#!/bin/sh\necho two\n"])
      await ensureLaunchTemplate(world.clients, { ...spec, userData: Buffer.from(text) });
    const { LaunchTemplates } = await world.ec2.send(new DescribeLaunchTemplatesCommand({}));
    expect(LaunchTemplates).toMatchObject([{ LaunchTemplateName: "drover", LatestVersionNumber: 2 }]);
    const { instanceIds } = await world.compute("drover").launch({ token: "1", pool: pool(), count: 1 });
    await says(world, instanceIds[0] ?? "", "two");
  });

  test("survives what a bad week of EC2 brings: each launch once, every instance found in the end", async () => {
    const rates = {
      "lost-response": 0.1,
      throttle: 0.1,
      "server-error": 0.1,
      "stale-read": 0.2,
      "late-visibility": 0.3,
    };
    const world = await ec2World({ nasty: { seed: 7, rates }, maxAttempts: 8 });
    await world.template(BARE);
    const compute = world.compute();
    const persistently = async <T>(work: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          expect(error).toMatchObject({ code: "compute-unknown" });
        }
      }
    };
    const launched: string[] = [];
    for (let n = 0; n < 12; n++) {
      const request = { token: `t${n}`, pool: pool(), count: 2 };
      const { instanceIds } = await persistently(() => compute.launch(request));
      launched.push(...instanceIds);
    }
    const ids = world.cloud.ec2.instances().map((it) => it.id);
    expect(launched).toEqual(ids);
    const struck = world.cloud.faultCounts();
    expect(struck["lost-response"]).toBeGreaterThan(0);
    expect(struck["late-visibility"]).toBeGreaterThan(0);
    // An instance that EC2 does not describe yet cannot be ended yet.
    for (let alive = ids; alive.length > 0;) {
      await persistently(() => compute.terminate(alive));
      alive = world.cloud.ec2.instances().flatMap((it) => (it.state === "running" ? [it.id] : []));
    }
  });
});

/** An EC2 that answers with these documents, one after the other. */
async function scripted(...answers: { status?: number; body: string }[]) {
  const left = [...answers];
  const asked: URLSearchParams[] = [];
  await awsServer(({ body }: Seen, response) => {
    asked.push(new URLSearchParams(body.toString()));
    const { status = 200, body: text } = left.shift() ?? { status: 500, body: "" };
    response.writeHead(status, { "content-type": "text/xml" }).end(text);
  });
  const clients = createEc2Clients();
  onTestFinished(() => closeEc2Clients(clients));
  const launch = { template: "lt-0a", version: "3" };
  return { asked, clients, compute: createCompute(clients, { fleet: "acme", launch }) };
}

const refused = (code: string) => ({
  status: 400,
  body: `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});

const fleetErrors = (...codes: string[]) => ({
  body: `<CreateFleetResponse><fleetId>f</fleetId><fleetInstanceSet/><errorSet>${codes
    .map((it) => `<item><errorCode>${it}</errorCode><errorMessage>no</errorMessage></item>`)
    .join("")}</errorSet></CreateFleetResponse>`,
});

describe("what EC2 says", () => {
  test.each([
    ["InsufficientInstanceCapacity", true],
    ["UnfulfillableCapacity", true],
    ["InsufficientFreeAddressesInSubnet", true],
    ["SpotMaxPriceTooLow", true],
    ["MaxSpotInstanceCountExceeded", false],
    ["VcpuLimitExceeded", false],
    ["InvalidFleetConfiguration", false],
    ["Unsupported", false],
  ])("%s: capacity %s, in the answer as well as in place of it", async (code, capacity) => {
    const { compute } = await scripted(fleetErrors(code), refused(code));
    const launch = () => compute.launch({ token: "t", pool: pool(), count: 1 });
    const expected = { instanceIds: [], refusals: [{ code, message: "no", capacity }] };
    expect(await launch()).toEqual(expected);
    expect(await launch()).toEqual(expected);
  });

  test.each(["UnauthorizedOperation", "AuthFailure", "RequestExpired", "ExpiredToken"])(
    "%s is nobody's refusal",
    async (code) => {
      const { compute } = await scripted(refused(code), refused(code));
      const launched = compute.launch({ token: "t", pool: pool(), count: 1 });
      await expect(launched).rejects.toMatchObject({ code: "compute-unknown" });
    },
  );

  test("the request for a fleet says all that matters, by a template's id and a subnet", async () => {
    const { compute, asked } = await scripted(fleetErrors());
    await compute.launch({ token: "t", pool: { ...SPOT, subnetId: "subnet-9" }, count: 7 });
    expect(Object.fromEntries(asked[0] ?? [])).toEqual({
      Action: "CreateFleet",
      Version: "2016-11-15",
      Type: "instant",
      ClientToken: "t",
      "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId": "lt-0a",
      "LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version": "3",
      "LaunchTemplateConfigs.1.Overrides.1.InstanceType": "m7i.large",
      "LaunchTemplateConfigs.1.Overrides.1.SubnetId": "subnet-9",
      "SpotOptions.AllocationStrategy": "price-capacity-optimized",
      "TargetCapacitySpecification.DefaultTargetCapacityType": "spot",
      "TargetCapacitySpecification.TotalTargetCapacity": "7",
      "TagSpecification.1.ResourceType": "instance",
      "TagSpecification.1.Tag.1.Key": "drover:fleet",
      "TagSpecification.1.Tag.1.Value": "acme",
      "TagSpecification.1.Tag.2.Key": "drover:pool",
      "TagSpecification.1.Tag.2.Value": "cheap",
      "TagSpecification.1.Tag.3.Key": "drover:token",
      "TagSpecification.1.Tag.3.Value": "t",
      "TagSpecification.1.Tag.4.Key": "Name",
      "TagSpecification.1.Tag.4.Value": "drover acme",
    });
  });

  test("a pool that names neither type nor place leaves both to the template", async () => {
    const { compute, asked } = await scripted(fleetErrors());
    await compute.launch({ token: "t", pool: { name: "default", market: "on-demand" }, count: 1 });
    const sent = [...(asked[0]?.keys() ?? [])];
    expect(sent.filter((name) => name.includes("Overrides"))).toEqual([]);
    expect(sent).toContain("LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId");
  });

  test("lists are read to their last page", async () => {
    const page = (id: string, next: string) => ({
      body: `<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>${id}</instanceId>
        <instanceState><code>16</code><name>running</name></instanceState><launchTime>2026-11-22T10:00:00.000Z</launchTime>
        </item></instancesSet></item></reservationSet>${next}</DescribeInstancesResponse>`,
    });
    const { compute, asked } = await scripted(
      page("i-1", "<nextToken>more</nextToken>"),
      {
        body: "<DescribeInstancesResponse><reservationSet/><nextToken>last</nextToken></DescribeInstancesResponse>",
      },
      page("i-2", ""),
    );
    const found = await compute.instances();
    expect(found.map((it) => it.id)).toEqual(["i-1", "i-2"]);
    expect(found[0]).toMatchObject({ pool: "", token: "", launchedAt: Date.parse("2026-11-22T10:00:00Z") });
    expect(asked.map((it) => it.get("NextToken"))).toEqual([null, "more", "last"]);
  });

  test("many are ended two hundred at a time", async () => {
    const done = { body: "<TerminateInstancesResponse/>" };
    const { compute, asked } = await scripted(done, done, done);
    await compute.terminate(Array.from({ length: 401 }, (_, n) => `i-${n}`));
    const counts = asked.map((it) => [...it.keys()].filter((key) => key.startsWith("InstanceId.")).length);
    expect(counts).toEqual([200, 200, 1]);
  });
});
