import { describe, expect, test } from "vitest";
import { withSecrets } from "../../../client/secrets.ts";
import type { SecretSources } from "../../../client/secrets.ts";

const sources = (over: Partial<SecretSources> = {}): SecretSources => ({
  env: {},
  from: {},
  readLine: (path) => Promise.resolve(`line of ${path}`),
  ask: (question) => Promise.resolve(`answer to ${question}`),
  ...over,
});

describe("secrets", () => {
  test("come from a file, from a prompt, or from the environment", async () => {
    expect(
      await withSecrets({ auth_user_file: "a" }, sources({ from: { auth_pass_file: "f" } })),
    ).toMatchObject({ auth_pass_file: "line of f" });
    expect(await withSecrets({}, sources({ from: { webhook_secret: "-" } }))).toMatchObject({
      webhook_secret: "answer to Webhook secret (whsec_…): ",
    });
    const env = { DROVER_AUTH_PASS_RESPONSE: "krid" };
    expect(await withSecrets({ auth_user_response: "a" }, sources({ env }))).toMatchObject({
      auth_pass_response: "krid",
    });
  });

  test("a variable is not used where no secret is wanted, nor over a flag", async () => {
    const env = { DROVER_AUTH_PASS_FILE: "x", DROVER_AUTH_PASS_RESPONSE: "x", DROVER_WEBHOOK_SECRET: "x" };
    expect(await withSecrets({ input: "s3://b/k" }, sources({ env }))).toEqual({ input: "s3://b/k" });
    const given = { auth_user_file: "a", auth_pass_file: "own" };
    expect(await withSecrets(given, sources({ env }))).toEqual(given);
  });

  test("one given twice is refused", async () => {
    const twice = withSecrets({ auth_pass_file: "x" }, sources({ from: { auth_pass_file: "f" } }));
    await expect(twice).rejects.toMatchObject({ code: "flag-conflict" });
  });
});
