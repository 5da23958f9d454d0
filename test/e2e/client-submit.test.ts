import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../client/index.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import { startClientCloud } from "../support/client-cloud.ts";
import type { ClientCloud } from "../support/client-cloud.ts";

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

let cloud: ClientCloud;
beforeAll(async () => {
  cloud = await startClientCloud();
});
afterAll(() => cloud.close());
beforeEach(async () => {
  for (;;) if ((await cloud.take(0)).length === 0) break; // what another test left
});

describe("submit-job", () => {
  test("the article's one-liner puts the article's request on the queue and prints the message id", async () => {
    const { code, stdout, stderr } = await cloud.submitJob([...ARTICLE, "--verbose", INPUT]);
    expect(stderr).toContain('<parameter name="R" value="-100"');
    expect(stderr).toContain('username="dirk" password="***"');
    expect(stderr).not.toMatch(/krid|tellnoone/);
    expect(code).toBe(0);
    const [message] = await cloud.take();
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
    const { code, stdout } = await cloud.submitJob([...ARTICLE, "--dry-run", INPUT], {
      env: {},
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<\?xml .*<\/request>\s*$/s);
    expect(stdout).toContain('password="***"');
    expect(await cloud.take(0)).toEqual([]);
  });

  test("--wait prints status, message and output; --json prints one object", async () => {
    const waiting = cloud.submitJob(["--wait", "--json", "--no-service-check", "s3://clips/a.mov"]);
    const [message] = await cloud.takeAll(1);
    if (message) await cloud.answer(message);
    const { code, stdout } = await waiting;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      messageId: message?.id,
      status: "success",
      rawOutput: { encoding: "none", content: "s3://clips/a.mov" },
    });
    const again = await cloud.submitJob([`--wait-for=${message?.id}`]);
    expect(again.stdout).toBe(
      "success: Request successfully processed (in 6.01 seconds).\ns3://clips/a.mov\n",
    );
  });

  test("--wait tells a failed job from a successful one, and gives up in time", async () => {
    const waiting = cloud.submitJob(["--wait", "s3://clips/a.mov"]);
    const [message] = await cloud.takeAll(1);
    if (message)
      await cloud.answer(message, {
        status: "failed",
        error: { code: "program-failed" },
        message: "It ended with code 2.",
      });
    const failed = await waiting;
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("failed (program-failed): It ended with code 2.");
    const late = await cloud.submitJob(["--wait", "--timeout-s=0.5", "s3://clips/a.mov"]);
    expect(late.code).toBe(4);
    expect(late.stderr).toMatch(/^wait-timeout: .*--wait-for=/);
  });

  test("twenty waiters at once get each their own result", async () => {
    // Each a client of its own; four of them as processes, since a process costs half a second to start.
    const inputs = Array.from({ length: 20 }, (_, index) => `s3://clips/${index}.mov`);
    const waiting = inputs.map(async (input, index) => {
      if (index < 4)
        return JSON.parse((await cloud.submitJob(["--wait", "--json", input])).stdout) as JobResponse;
      const client = await connect();
      const request = {
        service: "analyze",
        input: { type: "s3", href: input },
        parameters: [],
        output: { type: "store" },
      } as const;
      return await client.submitAndWait(request, { timeoutMs: 30_000 }).finally(() => client.close());
    });
    const messages = await cloud.takeAll(20);
    for (const message of messages.toReversed()) await cloud.answer(message);
    const results = await Promise.all(waiting);
    expect(results.map(({ rawOutput }) => rawOutput?.content)).toEqual(inputs);
  });

  test("a reference submitted twice, by two processes at once, is one job", async () => {
    const submit = () => cloud.submitJob(["--reference=clip-1", "s3://clips/a.mov"]);
    const [one, other] = await Promise.all([submit(), submit()]);
    expect(one.stdout).toBe(other.stdout);
    expect((await submit()).stdout).toBe(one.stdout);
    expect(await cloud.takeAll(1)).toHaveLength(1);
    expect(await cloud.take(0)).toEqual([]);
    const conflict = await cloud.submitJob(["--reference=clip-1", "s3://clips/other.mov"]);
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
    const result = await cloud.submitJob(argv);
    expect(result.stderr.split(":")[0]).toBe(code);
    expect(result.stderr).toMatch(advice);
    expect([result.code, result.stdout]).toEqual([2, ""]);
    expect(await cloud.take(0)).toEqual([]);
  });

  test("to hang when there is no cloud, or no queue", async () => {
    const nowhere = { ...cloud.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    const away = await cloud.submitJob([INPUT], { env: nowhere });
    expect([away.code, away.stderr.split(":")[0]]).toEqual([3, "cloud-unreachable"]);
    const missing = await cloud.submitJob([INPUT], {
      env: { ...cloud.env, DROVER_QUEUES_REQUESTS: "no-such" },
    });
    expect([missing.code, missing.stderr.split(":")[0]]).toEqual([3, "queue-missing"]);
  });
});

test("passwords come without the command line", async () => {
  await writeFile(join(cloud.folder, "password"), "krid\nrest");
  const argv = [
    "--auth-user-file=dirk",
    "--auth-pass-file-from=password",
    "--callback-url=http://example.org/",
    "--auth-user-response=dirk",
    "--auth-pass-response-from=-",
    INPUT,
  ];
  const { code } = await cloud.submitJob(argv, { stdin: "tellnoone\n" });
  expect(code).toBe(0);
  const [message] = await cloud.takeAll(1);
  expect(message?.body).toContain('password="krid"');
  expect(message?.body).toContain('password="tellnoone"');
});
