import { property, assert as check, string, uint8Array, integer } from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { verifyWebhook } from "../../../client/connect/main.ts";
import { checkWebhook } from "../../../client/webhook.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const NOW = Date.UTC(2026, 0, 1);

function signed(body: string, id = "job-1", at = NOW, secret = SECRET): Record<string, string> {
  const signature = new Webhook(secret).sign(id, new Date(at), body);
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at / 1000)),
    "webhook-signature": signature,
  };
}

const codeOf = (
  headers: Record<string, string | undefined>,
  body = "body",
  secrets = [SECRET],
  nowMs = NOW,
) => {
  try {
    return checkWebhook({ headers, body, secrets, nowMs }).id;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("checkWebhook", () => {
  test("takes what the reference library signed, whatever the id and the body", () => {
    check(
      property(
        string({ minLength: 1 }),
        string(),
        uint8Array({ minLength: 1, maxLength: 64 }),
        (id, body, key) => {
          const secret = `whsec_${Buffer.from(key).toString("base64")}`;
          expect(codeOf(signed(body, id, NOW, secret), body, [secret])).toBe(id);
        },
      ),
    );
  });

  test("refuses any other body, id or time than the signed one", () => {
    check(
      property(integer({ min: 0, max: 3 }), (bit) => {
        const changed = String.fromCharCode("body".charCodeAt(bit) ^ 1);
        expect(codeOf(signed("body"), `${"body".slice(0, bit)}${changed}${"body".slice(bit + 1)}`)).toBe(
          "webhook-signature-wrong",
        );
      }),
    );
    expect(codeOf({ ...signed("body"), "webhook-id": "job-2" })).toBe("webhook-signature-wrong");
    expect(codeOf({ ...signed("body"), "webhook-timestamp": String(NOW / 1000 + 1) })).toBe(
      "webhook-signature-wrong",
    );
  });

  test("takes five minutes of difference either way and no more", () => {
    for (const [ageS, result] of [
      [300, "job-1"],
      [-300, "job-1"],
      [301, "webhook-timestamp-refused"],
      [-301, "webhook-timestamp-refused"],
    ] as const) {
      expect(codeOf(signed("body", "job-1", NOW - ageS * 1000))).toBe(result);
    }
  });

  test("takes one fitting signature of several, and any of several secrets", () => {
    const headers = signed("body");
    const both = {
      ...headers,
      "webhook-signature": `v1,bm90aGluZw== v1a,xyz ${headers["webhook-signature"]}`,
    };
    expect(codeOf(both)).toBe("job-1");
    expect(codeOf(headers, "body", [OTHER, SECRET])).toBe("job-1");
    expect(codeOf(headers, "body", [OTHER])).toBe("webhook-signature-wrong");
    expect(codeOf(headers, "body", [])).toBe("webhook-signature-wrong");
  });

  test("says which header is missing or malformed", () => {
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
      expect(() =>
        checkWebhook({
          headers: { ...signed("body"), [name]: undefined },
          body: "body",
          secrets: [SECRET],
          nowMs: NOW,
        }),
      ).toThrow(name);
    }
    expect(codeOf({ ...signed("body"), "webhook-timestamp": "1e9" })).toBe("webhook-timestamp-invalid");
    expect(codeOf(signed("body"), "body", ["secret"])).toBe("webhook-secret-invalid");
  });

  test("verifyWebhook takes a call of this moment, header names in any case", () => {
    const headers = signed("body", "job-1", Date.now());
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(verifyWebhook(upper, Buffer.from("body"), SECRET).id).toBe("job-1");
    expect(() => verifyWebhook(signed("body"), "body", SECRET)).toThrow("webhook-timestamp");
  });
});
