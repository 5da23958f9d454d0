import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../../base/config/config.ts";
import { publicWord } from "../../../../bootstrap/release/keys.ts";
import { generateKeyPairSync } from "node:crypto";
import { explain } from "../../../../operator/init/explain.ts";
import { SCALER_PLACES } from "../../../../operator/init/machine-policies.ts";
import { settingsText } from "../../../../operator/init/settings.ts";
import { userData } from "../../../../operator/init/user-data.ts";

const bootScript = readFileSync(resolve(import.meta.dirname, "../../../../bootstrap/boot.sh"), "utf8");
const facts = {
  bucket: "acme",
  region: "eu-west-1",
  daemons: ["agent"],
  releaseKeys: publicWord(generateKeyPairSync("ed25519").privateKey),
  bootScript,
  settings: settingsText("acme", "eu-west-1", "control-host"),
  minSerial: 0,
};

describe("what drover init writes", () => {
  test.each(SCALER_PLACES)("starts with settings that are valid, scaled %s", (scaler) => {
    const config = readConfig(settingsText("acme", "eu-west-1", scaler), {});
    expect(config).toMatchObject({ bucket: "acme", store: "s3" });
    expect(config.autoscaler.pools.map((it) => it.market).includes("spot")).toBe(scaler !== "nowhere");
    expect(config.autoscaler.min_instances).toBe(scaler === "everywhere" ? 1 : 0);
  });

  test.each([["agent"], ["autoscaler"], ["agent", "autoscaler"]])(
    "gives user-data for %s that fits EC2 and carries boot.sh to the letter",
    (...daemons) => {
      const { text, compressed } = userData({ ...facts, daemons });
      expect(compressed.length).toBeLessThanOrEqual(16_384);
      expect(gunzipSync(compressed).toString()).toBe(text);
      expect(text).toContain(`<<'END_OF_BOOT_SCRIPT'\n${bootScript}END_OF_BOOT_SCRIPT\n`);
      expect(text).toContain(`\nDROVER_DAEMONS="${daemons.join(" ")}"\n`);
      expect(text.includes("bubblewrap")).toBe(daemons.includes("agent"));
      expect(() => execFileSync("bash", ["-n"], { input: text, stdio: "pipe" })).not.toThrow();
    },
  );

  test("says so when settings are too long for EC2", () => {
    const settings = Array.from({ length: 4_000 }, (_, index) => `# ${(index * 7_919) % 104_729}`).join("\n");
    expect(() => userData({ ...facts, settings })).toThrow(
      expect.objectContaining({ code: "user-data-too-large" }),
    );
  });

  test.each(SCALER_PLACES)("explains every file, scaled %s", (scaler) => {
    const one = (name: string) => ({
      name,
      why: "so",
      document: { Version: "2012-10-17" as const, Statement: [] },
    });
    const machines = scaler === "control-host" ? [one("instance"), one("control-host")] : [one("instance")];
    const page = (image: string | undefined) =>
      explain("acme", { machines, people: [one("client")] }, { scaler, image, launchTemplate: "herd" });
    expect(page("ami-1")).toContain("- `policies/client.json`: so\n");
    expect(page("ami-1").includes("control-host.gz")).toBe(scaler === "control-host");
    expect(page("ami-1").includes("--launch-template-name herd")).toBe(scaler !== "nowhere");
    expect(page(undefined).includes("--image")).toBe(scaler !== "nowhere");
  });
});
