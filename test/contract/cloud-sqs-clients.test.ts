import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";

// Foreign clients: Debian's boto3 and awscli speak the query protocol, newer ones JSON.

const run = promisify(execFile);

/** Whether a program answers. If not, the test is skipped with a note, or fails where clients are required. */
function requireProgram(skip: (note: string) => never, program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: "pipe" });
  } catch {
    const missing = `${program} ${args.join(" ")} does not run here (Debian: python3-boto3, awscli)`;
    expect(process.env["DROVER_REQUIRE_CLIENTS"], missing).toBeUndefined();
    skip(missing);
  }
}

const environment = ({ endpoint, credentials }: TestCloud) => ({
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DEFAULT_REGION: "us-east-1",
  AWS_EC2_METADATA_DISABLED: "true",
});

describe.each(["/usr/bin/python3", "python3"])("boto3 of %s", (python) => {
  test("does its everyday work", { timeout: 60_000 }, async ({ skip }) => {
    requireProgram(skip, python, "-c", "import boto3");
    const cloud = await testCloud();
    const script = join(import.meta.dirname, "sqs_boto.py");
    const { stdout } = await run(python, [script], { env: environment(cloud) });
    expect(stdout).toMatch(/^boto3 \S+ is content/);
    expect(cloud.reports).toEqual([]);
  });
});

describe.each(["/usr/bin/aws", "aws"])("the command line of %s", (aws) => {
  test("does its everyday work", { timeout: 60_000 }, async ({ skip }) => {
    requireProgram(skip, aws, "--version");
    const cloud = await testCloud();
    const sqs = async (...args: string[]): Promise<Record<string, unknown>> => {
      const all = ["--endpoint-url", cloud.endpoint, "--output", "json", "sqs", ...args];
      const { stdout } = await run(aws, all, { env: environment(cloud) });
      return stdout === "" ? {} : (JSON.parse(stdout) as Record<string, unknown>);
    };
    const { QueueUrl } = await sqs("create-queue", "--queue-name", "jobs");
    const url = ["--queue-url", String(QueueUrl)];
    expect(await sqs("list-queues")).toEqual({ QueueUrls: [QueueUrl] });
    await sqs("send-message", ...url, "--message-body", "héllo <&>");
    const received = await sqs("receive-message", ...url, "--attribute-names", "All");
    const [message] = received["Messages"] as Record<string, string>[];
    expect(message?.["Body"]).toBe("héllo <&>");
    await sqs("delete-message", ...url, "--receipt-handle", message?.["ReceiptHandle"] ?? "");
    const { Attributes } = await sqs("get-queue-attributes", ...url, "--attribute-names", "All");
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: "0", VisibilityTimeout: "30" });
    await expect(sqs("get-queue-url", "--queue-name", "none")).rejects.toThrow("NonExistentQueue");
    await sqs("delete-queue", ...url);
    expect(cloud.reports).toEqual([]);
  });
});
