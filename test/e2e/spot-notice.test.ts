import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeSqsClients, createSqsClients, openQueue, type SqsClients } from "../../cloud/aws/sqs.ts";
import { type RunningCloud, startCloud } from "../../cloud/local/server.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import { type Process, startDrover } from "../support/fleet.ts";

const QUEUES = ["requests", "responses", "deliveries", "dead"].map((it) => ({ name: `drover-${it}` }));
/** Nothing but the agent itself shows a message again while a test runs. */
const VISIBILITY_S = 900;
const NOTICE_MS = 120_000;

let folder: string;
let cloud: RunningCloud;
let sqs: SqsClients;
let requests: Queue;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-notice-"));
  await chmod(folder, 0o777); // for the programs' user
  cloud = await startCloud({ dir: `${folder}/cloud`, provision: { queues: QUEUES, buckets: ["drover"] } });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
  });
  sqs = createSqsClients();
  requests = await openQueue(sqs, "drover-requests");
});
afterEach(async () => {
  closeSqsClients(sqs);
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function addService(name: string, command: string): Promise<void> {
  await mkdir(`${folder}/services/${name}`, { recursive: true });
  const manifest = {
    name,
    version: "1.0.0",
    summary: "a program that takes its time",
    command: ["/bin/sh", "-c", command],
    input: { types: [] },
    result: { kind: "text" },
    timeout_s: 600,
  };
  await writeFile(`${folder}/services/${name}/service.yaml`, JSON.stringify(manifest));
}

const send = (service: string) =>
  requests.send(`<request service="${service}"><output type="queue"/></request>`);

async function startAgent(metadata: string): Promise<Process> {
  const places = ["--services", `${folder}/services`, "--work-dir", `${folder}/work`, "--slots", "2"];
  // Without a sandbox, so that a program sees this test's files.
  const env = { ...process.env, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata, DROVER_SANDBOX: "none" };
  const agent = startDrover(["agent", ...places, "--visibility-timeout-s", String(VISIBILITY_S)], env);
  await agent.line(/agent\.ready/);
  return agent;
}

test("at a spot notice the job that will not end in time is handed back, the one that will is finished", async () => {
  await addService("endless", `touch ${folder}/endless; sleep 500`);
  await addService(
    "brief",
    `touch ${folder}/brief; until [ -e ${folder}/told ]; do sleep 0.1; done; echo done`,
  );
  const imds = await cloud.startImds({ instance: { lifeCycle: "spot" } });
  const agent = await startAgent(imds.endpoint);
  // A first run, by which the agent knows how long it takes.
  await writeFile(`${folder}/told`, "");
  await send("brief");
  await expect.poll(() => requests.counts()).toMatchObject({ inFlight: 0, visible: 0 });
  await Promise.all(["told", "brief"].map((it) => rm(`${folder}/${it}`)));
  await Promise.all(["endless", "brief"].map(send));
  await expect.poll(() => readdir(folder)).toEqual(expect.arrayContaining(["endless", "brief"]));
  const time = new Date(Date.now() + NOTICE_MS).toISOString().replace(/\.\d+Z$/, "Z");
  imds.set({ interruption: { action: "terminate", time } });
  // It is looked for every five seconds.
  await expect.poll(() => requests.counts()).toMatchObject({ inFlight: 1, visible: 1 });
  await writeFile(`${folder}/told`, "");
  expect(await agent.line(/agent\.left/)).toContain('"done":2,"returned":1');
  expect(await requests.counts()).toMatchObject({ inFlight: 0, visible: 1 });
});
