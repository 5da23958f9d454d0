import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetQueueAttributesCommand, GetQueueUrlCommand } from "@aws-sdk/client-sqs";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { runningCloud } from "../../../cloud/local/folder.ts";
import { startCloud } from "../../../cloud/local/server.ts";
import { clientsOf, temporaryFolder } from "./cloud.ts";
import { cloudProcess, run } from "./process.ts";

/** What a shell would make of the `export` lines. */
function environment(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)='([^']*)'$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

test("runs, says where, creates what was asked for, tells its environment, and ends cleanly", async () => {
  const dir = await temporaryFolder();
  const cloud = await cloudProcess("--dir", dir, "--queue", "jobs=dead", "--bucket", "results");
  expect(cloud.ready).toEqual({
    endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    region: "us-east-1",
    dir,
  });

  const env = environment((await run("env", "--dir", dir)).stdout);
  expect(Object.keys(env)).toEqual([
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
  ]);
  const credentials = {
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const { sqs, s3 } = clientsOf({
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    region: "us-east-1",
    credentials,
  });
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["RedrivePolicy"] }),
  );
  expect(JSON.parse(Attributes?.RedrivePolicy ?? "")).toEqual({
    deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead",
    maxReceiveCount: 1000,
  });
  await s3.send(new HeadBucketCommand({ Bucket: "results" }));

  const start = performance.now();
  expect(await cloud.end("SIGTERM")).toEqual([0, null]);
  expect(performance.now() - start).toBeLessThan(1000);
  expect(await run("env", "--dir", dir)).toMatchObject({
    code: 69,
    stdout: "",
    stderr: expect.stringContaining("[cloud-not-running]"),
  });
});

test("serves metadata and misbehaves when asked to", async () => {
  const dir = await temporaryFolder();
  const flags = ["--imds", "--nasty", "7:throttle=1", "--queue", "jobs.fifo=dead.fifo"];
  const { ready } = await cloudProcess("--dir", dir, ...flags);
  expect(ready.imds).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${ready.imds}/latest/meta-data/`)).status).toBe(401);
  const { sqs } = clientsOf(await runningCloud(dir), 1);
  await expect(sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }))).rejects.toMatchObject({
    name: expect.stringMatching(/Throttl/),
  });
  const shown = (await (await fetch(`${ready.endpoint}/_cloud`)).json()) as { faults: object };
  expect(shown.faults).toMatchObject({ throttle: 1, delay: 0 });
});

test("a second cloud on the folder is refused, in another process and in this one", async () => {
  const dir = await temporaryFolder();
  await cloudProcess("--dir", dir);
  expect(await run("--dir", dir)).toMatchObject({
    code: 69,
    stdout: "",
    stderr: expect.stringContaining("[cloud-folder-in-use]"),
  });
  await expect(startCloud({ dir })).rejects.toMatchObject({ code: "cloud-folder-in-use" });
});

test("after kill -9 the folder is free, the record is not believed, and the credentials are the same", async () => {
  const dir = await temporaryFolder();
  const first = await cloudProcess("--dir", dir);
  const before = environment((await run("env", "--dir", dir)).stdout);
  await first.end("SIGKILL");
  expect((await run("env", "--dir", dir)).code).toBe(69);
  await cloudProcess("--dir", dir);
  const after = environment((await run("env", "--dir", dir)).stdout);
  expect({ ...after, AWS_ENDPOINT_URL: "" }).toEqual({ ...before, AWS_ENDPOINT_URL: "" });
});

test("the secrets are for the owner alone", async () => {
  const dir = await temporaryFolder();
  const cloud = await startCloud({ dir });
  await cloud.close();
  expect((await stat(join(dir, "credentials.json"))).mode & 0o777).toBe(0o600);
});

test("a taken port and a damaged folder are told apart", async () => {
  const [one, two] = [await temporaryFolder(), await temporaryFolder()];
  const cloud = await startCloud({ dir: one });
  const port = Number(new URL(cloud.endpoint).port);
  await expect(startCloud({ dir: two, port })).rejects.toMatchObject({ code: "cloud-port-in-use" });
  await cloud.close();
  await writeFile(join(two, "credentials.json"), "{");
  await expect(startCloud({ dir: two })).rejects.toMatchObject({ code: "cloud-folder-damaged" });
  expect(await readFile(join(two, "credentials.json"), "utf8")).toBe("{");
});

test.each([
  ["--port", "abc"],
  ["--bogus"],
  ["--port", "70000"],
  ["--nasty", "seed"],
  ["--nasty", "1:fire=1"],
  ["--nasty", "1:delay=2"],
])("wrong usage is told: %s %s", async (...flags) => {
  expect(await run(...flags.filter((it) => it !== undefined))).toMatchObject({
    code: 64,
    stdout: "",
    stderr: expect.stringContaining("error:"),
  });
});
