import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secrets } from "../../../../agent/result/secrets.ts";

const secrets = new Secrets({ vault: "dirk:pass:word", hook: "whsec_AAEC", plain: "AAEC" });
const decoded = (header: string | undefined) =>
  Buffer.from(header?.replace("Basic ", "") ?? "", "base64").toString();

describe("secrets", () => {
  test("become the basic header, in UTF-8, inline or by reference", () => {
    expect(decoded(secrets.basicAuth({ type: "http-basic", username: "dïrk", password: "a:b€" }))).toBe(
      "dïrk:a:b€",
    );
    expect(decoded(secrets.basicAuth({ type: "http-basic", ref: "vault" }))).toBe("dirk:pass:word");
    expect(secrets.basicAuth(undefined)).toBeUndefined();
  });

  test("become the webhook key: the request's own, the named one, else the fleet's", () => {
    expect(secrets.webhookKey({ secret: "whsec_AAEC" })).toEqual(Buffer.from([0, 1, 2]));
    expect(secrets.webhookKey({ ref: "hook" })).toEqual(Buffer.from([0, 1, 2]));
    expect(secrets.webhookKey({ ref: "plain" })).toEqual(Buffer.from([0, 1, 2]));
    expect(secrets.webhookKey(undefined)).toBeUndefined();
    expect(new Secrets({ webhook: "whsec_AwQF" }).webhookKey(undefined)).toEqual(Buffer.from([3, 4, 5]));
  });

  test.each(["unknown", "__proto__", "constructor", "toString"])(
    "that the fleet lacks are named, never guessed: %s",
    (ref) => {
      expect(secrets.holds(ref)).toBe(false);
      expect(() => secrets.basicAuth({ type: "http-basic", ref })).toThrow(ref);
      expect(() => secrets.webhookKey({ ref })).toThrow(/Ask its operator/);
    },
  );

  test("do not show when the object is printed", () => {
    expect(inspect(secrets, { depth: 5, showHidden: true })).not.toContain("pass:word");
    expect(JSON.stringify(secrets)).toBe("{}");
  });
});
