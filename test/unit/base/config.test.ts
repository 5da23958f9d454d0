import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../base/config/config.ts";
import schema from "../../../base/config/drover.schema.json" with { type: "json" };

describe("readConfig", () => {
  test("needs nothing: every setting has a default", () => {
    const config = readConfig("", {});
    expect(Object.keys(config).toSorted()).toEqual(Object.keys(schema.properties).toSorted());
    expect(config.queues).toEqual({
      requests: "drover-requests",
      responses: "drover-responses",
      deliveries: "drover-deliveries",
      dead: "drover-dead",
    });
    expect(config.visibility_timeout_s).toBe(60);
  });

  test("puts the environment over the file and flags over the environment", () => {
    const file = "slots: 1\nbucket: from-file\nqueues:\n  requests: file-requests\n  dead: file-dead\n";
    const env = { DROVER_SLOTS: "2", DROVER_BUCKET: "from-env", DROVER_QUEUES_REQUESTS: "env-requests" };
    const config = readConfig(file, env, { slots: "3", bucket: undefined });
    expect(config.slots).toBe(3);
    expect(config.bucket).toBe("from-env");
    expect(config.queues).toMatchObject({
      requests: "env-requests",
      dead: "file-dead",
      responses: "drover-responses",
    });
  });

  test("takes secrets from the environment, with the case of their names", () => {
    const { secrets } = readConfig("secrets:\n  a: file\n", { DROVER_SECRETS_Vault_1: "user:password" });
    expect(secrets).toEqual({ a: "file", Vault_1: "user:password" });
  });

  test("ignores variables that are no settings", () => {
    expect(() => readConfig("", { DROVER_REQUIRE_JDK: "1", DROVERSLOTS: "x", SLOTS: "y" })).not.toThrow();
  });

  test("lets an autoscaler have one pool that nobody has named, with the slots of the fleet", () => {
    const { autoscaler } = readConfig("slots: 3\nautoscaler:\n  target_wait_s: 60\n", {});
    const unnamed = { name: "default", market: "on-demand", price_per_hour: 1, slots: 3 };
    expect(autoscaler).toMatchObject({ target_wait_s: 60, max_instances: 10, pools: [unnamed] });
    const own = readConfig(
      "slots: 3\nautoscaler:\n  pools: [{ name: big, slots: 8 }, { name: small }]\n",
      {},
    );
    expect(own.autoscaler.pools.map(({ slots }) => slots)).toEqual([8, 3]);
    expect(readConfig("slots: 3\nautoscaler:\n  pools: []\n", {}).autoscaler.pools).toEqual(autoscaler.pools);
  });

  test("refuses an autoscaler's pools of one name, and a time zone that is none", () => {
    const floors = "floors: [{ instances: 1, from: '08:00', to: '09:00', time_zone: Mars/Olympus }]";
    const file = `autoscaler:\n  pools: [{ name: a }, { name: a }]\n  ${floors}\n`;
    expect(() => readConfig(file, {})).toThrow(/2 error.*two pools called a\n.*no time zone Mars\/Olympus/s);
  });

  test("says every error at once, each by its setting", () => {
    const file = "slots: many\nbucket: A\nvisibility_timeout_s: 2\ncolour: red\nqueues:\n  other: x\n";
    let message = "";
    try {
      readConfig(file, {});
    } catch (error) {
      message = String(error);
      expect(error).toMatchObject({ code: "config-invalid" });
    }
    for (const name of ["slots", "bucket", "visibility_timeout_s", "colour", "queues", "other"]) {
      expect(message).toContain(name);
    }
    expect(message).toContain("5 error(s)");
  });

  test("never quotes a secret in an error", () => {
    expect(() => readConfig("secrets:\n  bad name: hunter2hunter2\n", {})).toThrow(/secrets/);
    expect(() => readConfig("secrets:\n  bad name: hunter2hunter2\n", {})).not.toThrow(/hunter2/);
  });

  test.each(["- a\n- b\n", "just text", "a: [unclosed", "42"])("refuses %j with advice", (file) => {
    expect(() => readConfig(file, {})).toThrow(/drover\.yaml (is not valid YAML|must be a mapping)/);
  });

  test("polluting names change nothing", () => {
    expect(() => readConfig('{"__proto__": {"slots": 9}}', {})).toThrow(/__proto__|setting/);
    expect(({} as Record<string, unknown>)["slots"]).toBeUndefined();
  });
});

test("the schema documents every setting", () => {
  expect(new Ajv().validateSchema(JSON.parse(readFileSync("base/config/drover.schema.json", "utf8")))).toBe(
    true,
  );
  for (const [name, it] of Object.entries(schema.properties)) {
    expect(it.description.length, name).toBeGreaterThan(20);
    expect("default" in it, name).toBe(true);
  }
});
