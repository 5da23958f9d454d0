import { HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Instance } from "../../cloud/local/imds/instance.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { temporaryFolder, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";
import { exchange, raw, type RawAnswer } from "../unit/cloud-local/raw.ts";

// The EC2 user guide, "Use the Instance Metadata Service to access instance metadata" and "Instance metadata
// categories", say what stands where.

const TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN = "x-aws-ec2-metadata-token";

async function world(instance: Partial<Instance> = {}) {
  const clock = createFakeClock(Date.now());
  const cloud = await testCloud({ clock, provision: { queues: [{ name: "q" }], buckets: ["bucket"] } });
  const imds = await cloud.startImds({ instance });
  return { clock, cloud, imds, endpoint: imds.endpoint };
}

const path = "meta-data/iam/security-credentials/drover-instance";

const put = (endpoint: string, headers: Record<string, string>, target = "/latest/api/token") =>
  exchange(endpoint, { method: "PUT", target, headers });

async function tokenOf(endpoint: string, ttlS = 60): Promise<string> {
  return (await put(endpoint, { [TTL]: String(ttlS) })).body;
}

const get = (endpoint: string, at: string, token: string) =>
  exchange(endpoint, { method: "GET", target: `/latest/${at}`, headers: { [TOKEN]: token } });

/** What stands at a path. */
async function read(endpoint: string, at: string): Promise<RawAnswer> {
  return get(endpoint, at, await tokenOf(endpoint));
}

const json = async (endpoint: string, at: string) =>
  JSON.parse((await read(endpoint, at)).body) as Record<string, string>;

describe("tokens", () => {
  test("are needed, and good for as long as was asked", async () => {
    const { endpoint, clock } = await world();
    expect((await exchange(endpoint, { method: "GET", target: "/latest/meta-data/" })).status).toBe(401);
    expect((await get(endpoint, "meta-data/", "made-up")).status).toBe(401);
    const answer = await put(endpoint, { [TTL]: "60" });
    expect([answer.status, answer.headers[TTL]]).toEqual([200, "60"]);
    clock.advance(59_000);
    expect((await get(endpoint, "meta-data/instance-id", answer.body)).headers[TTL]).toBe("1");
    clock.advance(1000);
    expect((await get(endpoint, "meta-data/instance-id", answer.body)).status).toBe(401);
  });

  test.each(["0", "21601", "-1", "x", ""])("of %s seconds are refused", async (ttl) => {
    const { endpoint } = await world();
    expect((await put(endpoint, { [TTL]: ttl })).status).toBe(400);
    expect((await put(endpoint, {})).status).toBe(400);
  });

  test("are not for those who come through a proxy, nor for another instance", async () => {
    const { endpoint, cloud } = await world();
    expect((await put(endpoint, { [TTL]: "60", "x-forwarded-for": "10.0.0.1" })).status).toBe(403);
    const other = await cloud.startImds();
    expect((await get(other.endpoint, "meta-data/", await tokenOf(endpoint))).status).toBe(401);
  });
});

const id = async (of: string) => (await read(of, "meta-data/instance-id")).body;

describe("metadata", () => {
  test("says what the instance is, by path and as one document", async () => {
    const { endpoint } = await world({
      instanceId: "i-0123456789abcdef0",
      instanceType: "c7g.large",
      availabilityZone: "us-east-1c",
      architecture: "arm64",
      privateIp: "10.1.2.3",
      tags: { Name: "worker", fleet: "main" },
      userData: "#!/bin/sh\n",
    });
    const expected = {
      "meta-data/instance-id": "i-0123456789abcdef0",
      "meta-data/instance-type": "c7g.large",
      "meta-data/placement/availability-zone": "us-east-1c",
      "meta-data/placement/region": "us-east-1",
      "meta-data/local-ipv4": "10.1.2.3",
      "meta-data/local-hostname": "ip-10-1-2-3.ec2.internal",
      "meta-data/instance-life-cycle": "on-demand",
      "meta-data/tags/instance/": "Name\nfleet",
      "meta-data/tags/instance/Name": "worker",
      "user-data": "#!/bin/sh\n",
    };
    for (const [at, text] of Object.entries(expected)) {
      expect([at, (await read(endpoint, at)).body]).toEqual([at, text]);
    }
    expect(await json(endpoint, "dynamic/instance-identity/document")).toMatchObject({
      accountId: "000000000000",
      architecture: "arm64",
      availabilityZone: "us-east-1c",
      instanceId: "i-0123456789abcdef0",
      instanceType: "c7g.large",
      privateIp: "10.1.2.3",
      region: "us-east-1",
      pendingTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    const list = (await read(endpoint, "meta-data/")).body.split("\n");
    expect(list).toEqual(expect.arrayContaining(["instance-id", "iam/", "placement/", "tags/"]));
    expect(list).not.toContain("spot/");
  });

  test("says nothing of what is not", async () => {
    const { endpoint } = await world({ role: null });
    for (const nothing of [
      "meta-data/spot/instance-action",
      "meta-data/events/recommendations/rebalance",
      "meta-data/tags/instance/",
      "meta-data/iam/security-credentials/",
      "user-data",
      "meta-data/constructor",
      "meta-data/instance-id/more",
    ]) {
      expect([nothing, (await read(endpoint, nothing)).status]).toEqual([nothing, 404]);
    }
    const dated = { method: "GET", target: "/2021-01-03/meta-data/instance-id" };
    expect(
      (await exchange(endpoint, { ...dated, headers: { [TOKEN]: await tokenOf(endpoint) } })).status,
    ).toBe(200);
    expect((await exchange(endpoint, { method: "DELETE", target: "/latest/" })).status).toBe(405);
  });

  test("each instance is one of its own", async () => {
    const { endpoint, cloud } = await world();
    const other = await cloud.startImds();
    expect(await id(endpoint)).toMatch(/^i-[0-9a-f]{17}$/);
    expect(await id(other.endpoint)).not.toBe(await id(endpoint));
  });
});

const control = (cloud: TestCloud, endpoint: string, change: object, over = {}) =>
  raw(
    { endpoint, credentials: cloud.credentials },
    { method: "PUT", target: "/_control", service: "imds", body: JSON.stringify(change), ...over },
  );

describe("notices", () => {
  const time = "2026-11-22T10:00:00Z";

  test("of interruption and rebalancing appear when a test sets them", async () => {
    const { endpoint, imds } = await world({ lifeCycle: "spot" });
    imds.set({ interruption: { action: "terminate", time }, rebalance: time });
    expect(await json(endpoint, "meta-data/spot/instance-action")).toEqual({ action: "terminate", time });
    expect((await read(endpoint, "meta-data/spot/termination-time")).body).toBe(time);
    expect(await json(endpoint, "meta-data/events/recommendations/rebalance")).toEqual({ noticeTime: time });
    imds.set({ interruption: { action: "stop", time } });
    expect((await read(endpoint, "meta-data/spot/termination-time")).status).toBe(404);
    imds.set({ interruption: null });
    expect((await read(endpoint, "meta-data/spot/instance-action")).status).toBe(404);
    expect(() => imds.set({ tags: { "a b": "c" } })).toThrow("tags");
  });

  test("can be set from outside by who has the cloud's credentials", async () => {
    const { endpoint, cloud } = await world();
    const change = { interruption: { action: "terminate", time }, tags: { Name: "w" } };
    expect((await control(cloud, endpoint, change)).status).toBe(200);
    expect(await json(endpoint, "meta-data/spot/instance-action")).toEqual({ action: "terminate", time });
    const shown = await raw(
      { endpoint, credentials: cloud.credentials },
      { method: "GET", target: "/_control", service: "imds" },
    );
    expect(JSON.parse(shown.body)).toMatchObject(change);
  });

  test.each([
    ["a field that does not exist", { colour: "red" }],
    ["an interruption without a time", { interruption: { action: "stop" } }],
    ["a role with a slash", { role: "a/b" }],
    ["no object", []],
  ])("refuse %s", async (_, change) => {
    const { endpoint, cloud, imds } = await world();
    const before = imds.instance();
    expect((await control(cloud, endpoint, change)).status).toBe(400);
    expect(imds.instance()).toEqual(before);
  });

  test("are not set by strangers, nor by the instance itself", async () => {
    const { endpoint, cloud, imds } = await world();
    const foreign = { credentials: { accessKeyId: "AKIAFOREIGN", secretAccessKey: "x" } };
    const own = await json(endpoint, path);
    const credentials = {
      accessKeyId: own["AccessKeyId"] ?? "",
      secretAccessKey: own["SecretAccessKey"] ?? "",
    };
    for (const over of [
      foreign,
      { credentials, headers: { "x-amz-security-token": own["Token"] ?? "" } },
      { service: "sqs" },
      { tamper: (it: { body: Buffer }) => it.body.write("x") },
    ]) {
      expect((await control(cloud, endpoint, { role: null }, over)).status).toBe(403);
    }
    const bare = { method: "PUT", target: "/_control", body: Buffer.from("{}") };
    expect((await exchange(endpoint, bare)).status).toBe(403);
    expect(imds.instance().role).toBe("drover-instance");
  });
});

/** Clients that find their credentials by the SDK's own default chain, as on an instance. */
function clientsOnInstance(cloud: TestCloud, endpoint: string) {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config");
  vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
  const config = { endpoint: cloud.endpoint, region: cloud.region, maxAttempts: 1 };
  return { sqs: new SQSClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

const list = (
  cloud: Pick<TestCloud, "endpoint">,
  document: Record<string, string>,
  over: { token?: boolean } = {},
) =>
  raw(
    {
      endpoint: cloud.endpoint,
      credentials: {
        accessKeyId: document["AccessKeyId"] ?? "",
        secretAccessKey: document["SecretAccessKey"] ?? "",
      },
    },
    {
      method: "POST",
      target: "/",
      service: "sqs",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(over.token !== false ? { "x-amz-security-token": document["Token"] ?? "" } : {}),
      },
      body: "Action=ListQueues",
    },
  );

describe("role credentials", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("are found by the SDK's default chain, and good for SQS and S3", async () => {
    const { cloud, endpoint } = await world({ role: "worker" });
    const { sqs, s3 } = clientsOnInstance(cloud, endpoint);
    expect((await sqs.send(new ListQueuesCommand())).QueueUrls).toHaveLength(1);
    await s3.send(new HeadBucketCommand({ Bucket: "bucket" }));
    const used = await sqs.config.credentials();
    expect(used.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect((await read(endpoint, "meta-data/iam/security-credentials/")).body).toBe("worker");
    expect(await json(endpoint, "meta-data/iam/info")).toMatchObject({
      InstanceProfileArn: "arn:aws:iam::000000000000:instance-profile/worker",
    });
    sqs.destroy();
    s3.destroy();
  });

  test("are renewed before they end, and refused when they have ended", async () => {
    const { cloud, endpoint, clock } = await world({ credentialLifetimeS: 600 });
    const first = await json(endpoint, path);
    expect(first).toMatchObject({ Code: "Success", Type: "AWS-HMAC" });
    expect(Math.abs(Date.parse(first["Expiration"] ?? "") - clock.now() - 600_000)).toBeLessThan(1000);
    expect(await json(endpoint, path)).toEqual(first);
    clock.advance(300_000);
    const second = await json(endpoint, path);
    expect(second["AccessKeyId"]).not.toBe(first["AccessKeyId"]);
    expect((await list(cloud, first)).status).toBe(200);
    expect((await list(cloud, second)).status).toBe(200);
    const wrongToken = await list(cloud, { ...first, Token: second["Token"] ?? "" });
    expect([wrongToken.status, wrongToken.body]).toEqual([
      403,
      expect.stringContaining("InvalidClientTokenId"),
    ]);
    expect((await list(cloud, first, { token: false })).status).toBe(403);
    clock.advance(301_000);
    const ended = await list(cloud, first);
    expect([ended.status, ended.body]).toEqual([403, expect.stringContaining("<Code>ExpiredToken</Code>")]);
    expect((await list(cloud, second)).status).toBe(200);
  });

  test("can be rotated at will, and outlive a restart of the cloud", async () => {
    const dir = await temporaryFolder();
    const cloud = await testCloud({ dir });
    const imds = await cloud.startImds();
    const first = await json(imds.endpoint, path);
    imds.rotateCredentials();
    expect((await json(imds.endpoint, path))["AccessKeyId"]).not.toBe(first["AccessKeyId"]);
    await cloud.close();
    await expect(read(imds.endpoint, path)).rejects.toThrow("ECONNREFUSED");
    const again = await testCloud({ dir });
    expect((await list(again, first)).status).toBe(200);
  });
});
