import assert from "node:assert/strict";
import { ec2Guide, type Check } from "./check.ts";
import { exchange, type RawAnswer } from "./raw.ts";
import { Skipped } from "./runner.ts";
import type { World } from "./world.ts";

const configure = ec2Guide("configuring-instance-metadata-service");
const retrieve = ec2Guide("instancedata-data-retrieval");
const roles = ec2Guide("iam-roles-for-amazon-ec2");

const TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN = "x-aws-ec2-metadata-token";

interface Instance {
  token: (ttl: string) => Promise<RawAnswer>;
  /** With a good token, unless another is given. */
  get: (path: string, token?: string) => Promise<RawAnswer>;
  bare: (path: string) => Promise<RawAnswer>;
}

async function instance(w: World): Promise<Instance> {
  if (w.imds === undefined) throw new Skipped("this endpoint has no instances to ask");
  const { endpoint, close } = await w.imds();
  w.after(close);
  const token = (ttl: string) =>
    exchange(endpoint, { method: "PUT", target: "/latest/api/token", headers: { [TTL]: ttl } });
  const ask = (path: string, headers: Record<string, string>) =>
    exchange(endpoint, { method: "GET", target: `/latest/${path}`, headers });
  const good = (await token("60")).body;
  return {
    token,
    get: (path, other = good) => ask(path, { [TOKEN]: other }),
    bare: (path) => ask(path, {}),
  };
}

export const imdsChecks: readonly Check[] = [
  configure("imds-token", "A token is given for 1 to 21,600 seconds.", async (w) => {
    const it = await instance(w);
    const answer = await it.token("21600");
    assert.deepEqual([answer.status, answer.headers[TTL]], [200, "21600"]);
    for (const ttl of ["0", "21601", "x"]) assert.equal((await it.token(ttl)).status, 400);
  }),
  configure("imds-token-needed", "Without a token, or with a wrong one, nothing is told.", async (w) => {
    const it = await instance(w);
    assert.equal((await it.bare("meta-data/instance-id")).status, 401);
    assert.equal((await it.get("meta-data/instance-id", "made-up")).status, 401);
  }),
  retrieve("imds-instance", "An instance learns its id, type and zone.", async (w) => {
    const it = await instance(w);
    assert.match((await it.get("meta-data/instance-id")).body, /^i-[0-9a-f]{8,17}$/);
    assert.match((await it.get("meta-data/instance-type")).body, /^[\w-]+\.[\w-]+$/);
    const zone = (await it.get("meta-data/placement/availability-zone")).body;
    assert.equal((await it.get("meta-data/placement/region")).body, zone.replace(/[a-z]$/, ""));
  }),
  retrieve("imds-listing", "A path that ends with a slash lists what stands below.", async (w) => {
    const it = await instance(w);
    const { body } = await it.get("meta-data/");
    for (const name of ["instance-id", "placement/", "iam/"])
      assert.ok(body.split("\n").includes(name), name);
  }),
  retrieve("imds-missing", "What is not there is 404.", async (w) => {
    const it = await instance(w);
    assert.equal((await it.get("meta-data/nothing-of-this-name")).status, 404);
    assert.equal((await it.get("meta-data/spot/instance-action")).status, 404);
  }),
  ec2Guide("instance-identity-documents")(
    "imds-identity",
    "The identity document says the same as the paths.",
    async (w) => {
      const it = await instance(w);
      const document = JSON.parse((await it.get("dynamic/instance-identity/document")).body) as Record<
        string,
        string
      >;
      assert.equal(document["instanceId"], (await it.get("meta-data/instance-id")).body);
      assert.equal(document["region"], (await it.get("meta-data/placement/region")).body);
    },
  ),
  roles("imds-role", "The instance's role has credentials that end.", async (w) => {
    const it = await instance(w);
    const role = (await it.get("meta-data/iam/security-credentials/")).body.trim();
    const { body } = await it.get(`meta-data/iam/security-credentials/${role}`);
    const credentials = JSON.parse(body) as Record<string, string>;
    assert.deepEqual([credentials["Code"], credentials["Type"]], ["Success", "AWS-HMAC"]);
    assert.match(credentials["AccessKeyId"] ?? "", /^ASIA/);
    assert.ok(credentials["SecretAccessKey"] && credentials["Token"]);
    assert.ok(Date.parse(credentials["Expiration"] ?? "") > Date.now());
  }),
];
