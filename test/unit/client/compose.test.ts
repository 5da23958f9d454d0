import { describe, expect, test } from "vitest";
import { composeRequest } from "../../../client/compose.ts";
import type { JobFlags } from "../../../client/flags.ts";
import { RefusedRequest } from "../../../client/refusal.ts";

const INPUT = "http://www.waferthin.com/convert.mov";

function faultsOf(flags: JobFlags): string[] {
  try {
    composeRequest(flags);
  } catch (error) {
    if (error instanceof RefusedRequest) return error.faults.map(({ code }) => code);
    throw error;
  }
  return [];
}

describe("composeRequest", () => {
  test("makes the article's request of the article's flags", () => {
    const flags: JobFlags = {
      input: INPUT,
      auth_user_file: "dirk",
      auth_method_file: "http-basic",
      auth_pass_file: "krid",
      param: ["R:-100"],
      response: "callback",
      callback_url: "http://www.waferthin.com/admin/mpt4u-callback.php",
      auth_method_response: "http-basic",
      auth_user_response: "dirk",
      auth_pass_response: "tellnoone",
    };
    expect(composeRequest(flags)).toEqual({
      service: "analyze",
      input: {
        type: "http",
        href: INPUT,
        credentials: { type: "http-basic", username: "dirk", password: "krid" },
      },
      parameters: [{ name: "R", value: "-100" }],
      output: {
        type: "callback",
        href: "http://www.waferthin.com/admin/mpt4u-callback.php",
        credentials: { type: "http-basic", username: "dirk", password: "tellnoone" },
      },
    });
  });

  test("has a flag for everything else of the schema", () => {
    const flags: JobFlags = {
      service: "detect",
      contract: "1",
      reference: "clip-17",
      deadline_s: "3600",
      input: INPUT,
      input_sha256: "AB".repeat(32),
      auth_ref_file: "files",
      callback_url: "https://example.org/",
      auth_ref_response: "calls",
      webhook_secret_ref: "hooks",
      param: ["text:a:b", "empty:"],
    };
    expect(composeRequest(flags)).toEqual({
      service: "detect",
      contract: 1,
      reference: "clip-17",
      deadlineS: 3600,
      input: {
        type: "http",
        href: INPUT,
        credentials: { type: "http-basic", ref: "files" },
        sha256: "ab".repeat(32),
      },
      parameters: [
        { name: "text", value: "a:b" },
        { name: "empty", value: "" },
      ],
      output: {
        type: "callback",
        href: "https://example.org/",
        credentials: { type: "http-basic", ref: "calls" },
        signature: { ref: "hooks" },
      },
    });
    const stored = composeRequest({ input: "s3://clips/a.mov" });
    expect(stored).toMatchObject({ input: { type: "s3" }, output: { type: "store" } });
    expect(composeRequest({ response: "queue", queue_url: "https://q/" }).output).toEqual({
      type: "queue",
      href: "https://q/",
    });
    expect(composeRequest({ callback_url: INPUT, webhook_secret: "whsec_AA==" }).output).toMatchObject({
      signature: { secret: "whsec_AA==" },
    });
  });

  test.each<[JobFlags, string]>([
    [{ param: ["R"] }, "flag-invalid"],
    [{ param: [":-100"] }, "flag-invalid"],
    [{ input: "clip.mov" }, "flag-invalid"],
    [{ response: "fax" }, "flag-invalid"],
    [{ response: "callback" }, "flag-missing"],
    [{ deadline_s: "soon" }, "flag-invalid"],
    [{ contract: "0" }, "flag-invalid"],
    [{ input: INPUT, auth_method_file: "digest", auth_user_file: "a", auth_pass_file: "b" }, "flag-invalid"],
    [{ input: INPUT, auth_user_file: "a" }, "flag-missing"],
    [{ input: INPUT, auth_pass_file: "a" }, "flag-missing"],
    [{ input: INPUT, auth_method_file: "http-basic" }, "flag-missing"],
    [{ auth_user_file: "a", auth_pass_file: "b" }, "flag-missing"],
    [{ input: INPUT, auth_user_file: "a", auth_pass_file: "b", auth_ref_file: "c" }, "flag-conflict"],
    [{ input: "s3://b/k", auth_ref_file: "c" }, "flag-conflict"],
    [{ response: "store", callback_url: INPUT }, "flag-conflict"],
    [{ response: "queue", webhook_secret_ref: "a" }, "flag-conflict"],
    [{ callback_url: INPUT, queue_url: INPUT }, "flag-conflict"],
    [{ callback_url: INPUT, webhook_secret: "a", webhook_secret_ref: "b" }, "flag-conflict"],
  ])("refuses %j", (flags, code) => {
    expect(faultsOf(flags)).toEqual([code]);
  });

  test("tells all faults at once", () => {
    expect(faultsOf({ param: ["R"], input: "clip.mov", response: "callback" })).toHaveLength(3);
  });
});
