import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ec2World } from "../unit/cloud-local/ec2-world.ts";

const SCRIPT = join(import.meta.dirname, "ec2_boto.py");

/** Whether a Python has boto3. If not, the test is skipped with a note, or fails where clients are required. */
function requireBoto3(skip: (note: string) => never, python: string): void {
  try {
    execFileSync(python, ["-c", "import boto3"], { stdio: "pipe" });
  } catch {
    const missing = `${python} has no boto3 here (Debian: python3-boto3)`;
    expect(process.env["DROVER_REQUIRE_CLIENTS"], missing).toBeUndefined();
    skip(missing);
  }
}

test.for(["/usr/bin/python3", "python3"])(
  "boto3 of %s launches, finds and ends instances",
  async (python, { skip }) => {
    requireBoto3(skip, python);
    const { cloud, reports } = await ec2World();
    const env = {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const { stdout } = await promisify(execFile)(python, [SCRIPT], { env });
    expect(stdout).toMatch(/^boto3 \S+ is content/);
    expect(reports).toEqual([]);
  },
);
