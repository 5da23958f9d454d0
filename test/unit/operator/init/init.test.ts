import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../../base/config/config.ts";
import { policiesOf } from "../../../../operator/init/policies.ts";
import { settingsText } from "../../../../operator/init/settings.ts";
import { userData } from "../../../../operator/init/user-data.ts";

const bootScript = readFileSync(resolve(import.meta.dirname, "../../../../bootstrap/boot.sh"), "utf8");
const facts = {
  bucket: "acme",
  region: "eu-west-1",
  releaseKeys: "MCowBQYDK2VwAyEA",
  bootScript,
  settings: settingsText("acme"),
  minSerial: 0,
};

describe("what drover init writes", () => {
  test("starts with settings that are valid", () => {
    expect(readConfig(settingsText("acme"), {})).toMatchObject({ bucket: "acme", store: "s3" });
  });

  test("gives user-data that fits EC2 and carries boot.sh to the letter", () => {
    const { text, compressed } = userData(facts);
    expect(compressed.length).toBeLessThanOrEqual(16_384);
    expect(gunzipSync(compressed).toString()).toBe(text);
    expect(text).toContain(`<<'END_OF_BOOT_SCRIPT'\n${bootScript}END_OF_BOOT_SCRIPT\n`);
    expect(() => execFileSync("bash", ["-n"], { input: text, stdio: "pipe" })).not.toThrow();
  });

  test("says so when settings are too long for EC2", () => {
    const settings = Array.from({ length: 4_000 }, (_, index) => `# ${(index * 7_919) % 104_729}`).join("\n");
    expect(() => userData({ ...facts, settings })).toThrow(
      expect.objectContaining({ code: "user-data-too-large" }),
    );
  });
});

describe("IAM policies", () => {
  const queues = { requests: "q", responses: "r", deliveries: "d", dead: "x" };
  const policies = policiesOf({ accountId: "123456789012", region: "eu-west-1", bucket: "acme", queues });
  const statements = (name: string) => policies.find((it) => it.name === name)?.document.Statement ?? [];
  const mayDo = (name: string, action: string, resource: string) =>
    statements(name).some(
      (it) =>
        it.Action.includes(action) &&
        [it.Resource]
          .flat()
          .some((one) => one === resource || (one.endsWith("*") && resource.startsWith(one.slice(0, -1)))),
    );

  test("let no instance write what instances run", () => {
    expect(mayDo("instance", "s3:GetObject", "arn:aws:s3:::acme/releases/channel")).toBe(true);
    expect(mayDo("instance", "s3:PutObject", "arn:aws:s3:::acme/releases/channel")).toBe(false);
    expect(mayDo("instance", "s3:PutObject", "arn:aws:s3:::acme/jobs/1/g0/result")).toBe(true);
    expect(statements("instance").some((it) => it.Action.some((one) => one.startsWith("ec2:")))).toBe(false);
  });

  test("let no client take a message, and no deployer touch a queue", () => {
    expect(mayDo("client", "sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:123456789012:q")).toBe(false);
    expect(mayDo("client", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q")).toBe(true);
    expect(statements("deployer").some((it) => it.Action.some((one) => one.startsWith("sqs:")))).toBe(false);
  });

  test("hold no wildcard action", () => {
    for (const { name } of policies)
      for (const { Action } of statements(name)) expect(Action.every((it) => !it.includes("*"))).toBe(true);
  });
});
