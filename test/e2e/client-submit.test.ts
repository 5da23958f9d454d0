import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { startCloud } from "../../cloud/local/server.ts";
import type { RunningCloud } from "../../cloud/local/server.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";
import { resultKey } from "../../jobs/keys.ts";
import { buildResponse } from "../../schemas/build.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import { runCommand, startCommand } from "../support/command.ts";

const SUBMIT_JOB = resolve(import.meta.dirname, "../../bin/submit-job");
const ARTICLE = [
  "--auth_user_file=dirk",
  "--auth_method_file=http-basic",
  "--auth_pass_file=krid",
  "--param=R:-100",
  "--response=callback",
  "--callback_url=http://www.waferthin.com/admin/mpt4u-callback.php",
  "--auth_method_response=http-basic",
  "--auth_user_response=dirk",
  "--auth_pass_response=tellnoone",
];
const INPUT = "http://www.waferthin.com/convert.mov";

let folder = "";
let cloud: RunningCloud;
let env: Record<string, string> = {};
let requests: Queue;
let objects: Objects;
const sqs = { current: undefined as ReturnType<typeof createSqsClients> | undefined };
const s3 = { current: undefined as ReturnType<typeof createS3Clients> | undefined };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-submit-"));
  cloud = await startCloud({
    dir: join(folder, "cloud"),
    provision: { queues: [{ name: "drover-requests" }], buckets: ["drover"] },
  });
  env = {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
  };
  Object.assign(process.env, env);
  sqs.current = createSqsClients();
  s3.current = createS3Clients();
  requests = await openQueue(sqs.current, "drover-requests");
  objects = openBucket(s3.current, "drover");
});
afterAll(async () => {
  if (sqs.current) closeSqsClients(sqs.current);
  if (s3.current) closeS3Clients(s3.current);
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  for (;;) if ((await take(0)).length === 0) break;
});

const submitJob = (...argv: string[]) => runCommand([SUBMIT_JOB, ...argv], { env, cwd: folder });

/** Receives as the agent would, and deletes: what is left in the queue belongs to the next test. */
async function take(waitS = 5): Promise<QueueMessage[]> {
  const messages = await requests.receive({ max: 10, waitS, visibilityTimeoutS: 60 });
  if (messages.length > 0) await requests.delete(messages.map(({ receiptHandle }) => receiptHandle));
  return messages;
}

async function takeAll(count: number): Promise<QueueMessage[]> {
  const messages: QueueMessage[] = [];
  while (messages.length < count) messages.push(...(await take()));
  return messages;
}

async function answer(message: QueueMessage, over: Partial<JobResponse> = {}): Promise<void> {
  const verdict = validate("request", message.body);
  if (!verdict.ok) throw new Error(verdict.problems[0].message);
  const xml = buildResponse({
    service: verdict.value.service,
    status: "success",
    messageId: message.id,
    rawOutput: { encoding: "none", content: verdict.value.input?.href ?? "" },
    artifacts: [],
    message: "Request successfully processed (in 6.01 seconds).",
    ...over,
  });
  await objects.put(resultKey({ id: message.id, generation: 0 }), xml, { condition: "absent" });
}

const batchFile = async (...lines: string[]) => {
  const path = join(folder, "batch.txt");
  await writeFile(path, lines.join("\n"));
  return path;
};

describe("submit-job", () => {
  test("the article's one-liner puts the article's request on the queue and prints the message id", async () => {
    const { code, stdout, stderr } = await submitJob(...ARTICLE, "--verbose", INPUT);
    expect(stderr).toContain('<parameter name="R" value="-100"');
    expect(stderr).toContain('username="dirk" password="***"');
    expect(stderr).not.toMatch(/krid|tellnoone/);
    expect(code).toBe(0);
    const [message] = await take();
    expect(stdout).toBe(`${message?.id}\n`);
    const verdict = validate("request", message?.body ?? "");
    expect(verdict).toMatchObject({
      ok: true,
      value: {
        service: "analyze",
        input: { href: INPUT, credentials: { username: "dirk", password: "krid" } },
        parameters: [{ name: "R", value: "-100" }],
        output: { type: "callback", credentials: { username: "dirk", password: "tellnoone" } },
      },
    });
  });

  test("--dry-run shows the masked request, also without any cloud", async () => {
    const { code, stdout } = await runCommand([SUBMIT_JOB, ...ARTICLE, "--dry-run", INPUT], {
      env: {},
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<\?xml .*<\/request>\s*$/s);
    expect(stdout).toContain('password="***"');
    expect(await take(0)).toEqual([]);
  });

  test("--wait prints status, message and output; --json prints one object", async () => {
    const waiting = submitJob("--wait", "--json", "--no-service-check", "s3://clips/a.mov");
    const [message] = await takeAll(1);
    if (message) await answer(message);
    const { code, stdout } = await waiting;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      messageId: message?.id,
      status: "success",
      rawOutput: { encoding: "none", content: "s3://clips/a.mov" },
    });
    const again = await submitJob(`--wait-for=${message?.id}`);
    expect(again.stdout).toBe(
      "success: Request successfully processed (in 6.01 seconds).\ns3://clips/a.mov\n",
    );
  });

  test("--wait tells a failed job from a successful one, and gives up in time", async () => {
    const waiting = submitJob("--wait", "s3://clips/a.mov");
    const [message] = await takeAll(1);
    if (message)
      await answer(message, {
        status: "failed",
        error: { code: "program-failed" },
        message: "It ended with code 2.",
      });
    const failed = await waiting;
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("failed (program-failed): It ended with code 2.");
    const late = await submitJob("--wait", "--timeout-s=0.5", "s3://clips/a.mov");
    expect(late.code).toBe(4);
    expect(late.stderr).toMatch(/^wait-timeout: .*--wait-for=/);
  });

  test("twenty waiters at once get each their own result", async () => {
    const inputs = Array.from({ length: 20 }, (_, index) => `s3://clips/${index}.mov`);
    const waiting = inputs.map((input) => submitJob("--wait", "--json", input));
    const messages = await takeAll(20);
    for (const message of messages.toReversed()) await answer(message);
    const results = await Promise.all(waiting);
    const outputs = results.map(({ stdout }) => (JSON.parse(stdout) as JobResponse).rawOutput?.content);
    expect(outputs).toEqual(inputs);
  }, 60_000);

  test("a reference submitted twice, by two processes at once, is one job", async () => {
    const submit = () => submitJob("--reference=clip-1", "s3://clips/a.mov");
    const [one, other] = await Promise.all([submit(), submit()]);
    expect(one.stdout).toBe(other.stdout);
    expect((await submit()).stdout).toBe(one.stdout);
    expect(await takeAll(1)).toHaveLength(1);
    expect(await take(0)).toEqual([]);
    const conflict = await submitJob("--reference=clip-1", "s3://clips/other.mov");
    expect([conflict.code, conflict.stderr.split(":")[0]]).toEqual([2, "reference-conflict"]);
  });
});

describe("submit-job refuses", () => {
  test.each([
    ["an unknown flag", ["--nonsense", INPUT], "flag-invalid", /--help/],
    ["a password without a user", ["--auth_pass_file=x", INPUT], "flag-missing", /--auth-user-file/],
    ["an input that is no URL", ["clip.mov"], "flag-invalid", /bucket/],
    ["what the contract refuses", ["--param=R:1", "--param=R:2", INPUT], "request-invalid", /./],
    ["a parameter the service does not have", ["--param=nonsense:1", INPUT], "parameter-unknown", /./],
    ["a value out of range", ["--param=R:99999", INPUT], "parameter-invalid", /./],
    ["a missing input", [], "input-missing", /./],
    [
      "a service that is not there",
      ["--services=.", "--service=bake", INPUT],
      "service-unknown",
      /--service/,
    ],
    ["a batch that is not there", ["--batch=nowhere.txt"], "file-trouble", /nowhere/],
  ])("%s", async (_, argv, code, advice) => {
    const result = await submitJob(...argv);
    expect(result.stderr.split(":")[0]).toBe(code);
    expect(result.stderr).toMatch(advice);
    expect([result.code, result.stdout]).toEqual([2, ""]);
    expect(await take(0)).toEqual([]);
  });

  test("to hang when there is no cloud, or no queue", async () => {
    const nowhere = { ...env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const away = await runCommand([SUBMIT_JOB, INPUT], { env: nowhere, cwd: folder });
    expect([away.code, away.stderr.split(":")[0]]).toEqual([3, "cloud-unreachable"]);
    const missing = await runCommand([SUBMIT_JOB, INPUT], {
      env: { ...env, DROVER_QUEUES_REQUESTS: "no-such" },
      cwd: folder,
    });
    expect([missing.code, missing.stderr.split(":")[0]]).toEqual([3, "queue-missing"]);
  });
});

describe("submit-job --batch", () => {
  test("sends every line with the common flags, and waits for all", async () => {
    const lines = Array.from({ length: 25 }, (_, index) =>
      index % 2
        ? `s3://clips/${index}.mov`
        : JSON.stringify({ input: `s3://clips/${index}.mov`, param: { R: index } }),
    );
    const path = await batchFile("# clips", ...lines);
    const running = startCommand([SUBMIT_JOB, "--batch", path, "--wait", "--json", "--param=R:-1"], {
      env,
      cwd: folder,
    });
    for (const message of await takeAll(25)) await answer(message);
    const { code, stdout } = await running.ended;
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const finished = events.filter(({ event }) => event === "finished");
    expect(code).toBe(0);
    expect(finished.map(({ line }) => Number(line)).toSorted((a, b) => a - b)).toEqual(
      lines.map((_, index) => index + 2),
    );
    for (const { line, rawOutput } of finished) {
      expect(rawOutput).toMatchObject({ content: `s3://clips/${Number(line) - 2}.mov` });
    }
    expect(events.at(-1)).toMatchObject({
      event: "summary",
      jobs: 25,
      submitted: 25,
      succeeded: 25,
      unsent: 0,
    });
  });

  test("sends nothing when a line is bad, and says which; --skip-invalid sends the others", async () => {
    const path = await batchFile("s3://clips/a.mov", "clip.mov", '{"inpt": "x"}', "s3://clips/b.mov");
    const refused = await submitJob("--batch", path);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/batch\.txt:2: flag-invalid: .*\n.*batch\.txt:3: batch-line-invalid: /);
    expect(await take(0)).toEqual([]);
    const skipped = await submitJob("--batch", path, "--skip-invalid");
    expect(skipped.code).toBe(0);
    expect(skipped.stdout.trim().split("\n")).toHaveLength(2);
    expect(await takeAll(2)).toHaveLength(2);
  });

  test("run again with references sends nothing twice", async () => {
    const path = await batchFile("s3://clips/a.mov", "s3://clips/b.mov");
    const argv = ["--batch", path, "--reference=monday-{line}"];
    const first = await submitJob(...argv);
    const again = await submitJob(...argv);
    expect(again.stderr).toContain("2 submitted before");
    expect(again.stdout.replaceAll(" submitted before", "").split("\n").toSorted()).toEqual(
      first.stdout.split("\n").toSorted(),
    );
    expect(await takeAll(2)).toHaveLength(2);
    expect(await take(0)).toEqual([]);
    expect((await submitJob("--batch", path, "--reference=same")).stderr).toContain("reference-repeated");
  });

  test("reads standard input", async () => {
    const { code } = await runCommand([SUBMIT_JOB, "--batch", "-"], {
      env,
      cwd: folder,
      stdin: "s3://clips/a.mov\n",
    });
    expect(code).toBe(0);
    expect(await takeAll(1)).toHaveLength(1);
  });
});

test("passwords come without the command line", async () => {
  await writeFile(join(folder, "password"), "krid\nrest");
  const argv = [
    "--auth-user-file=dirk",
    "--auth-pass-file-from=password",
    "--callback-url=http://example.org/",
    "--auth-user-response=dirk",
    "--auth-pass-response-from=-",
    INPUT,
  ];
  const { code } = await runCommand([SUBMIT_JOB, ...argv], { env, cwd: folder, stdin: "tellnoone\n" });
  expect(code).toBe(0);
  const [message] = await takeAll(1);
  expect(message?.body).toContain('password="krid"');
  expect(message?.body).toContain('password="tellnoone"');
});
