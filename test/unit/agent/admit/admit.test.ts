import { describe, expect, test } from "vitest";
import { addresseeOf, admit, type Means } from "../../../../agent/admit/admit.ts";
import { buildRequest } from "../../../../schemas/build.ts";
import type { JobRequest } from "../../../../schemas/request.ts";
import { CALLBACK, requestOf } from "../../../support/agent-world.ts";
import { manifestOf } from "../../../support/manifest.ts";

const NOW = Date.UTC(2026, 10, 22);

const rate = {
  name: "R",
  summary: "Shift.",
  type: "integer",
  min: -100,
  max: 100,
  flag: ["-R", "{value}"],
} as const;
const offered = (name: string, missing: string[] = []) => ({
  manifest: manifestOf({ name, parameters: [rate] }),
  folder: `/services/${name}`,
  missing,
});
const MEANS: Means = {
  catalog: {
    services: new Map([
      ["echo", offered("echo")],
      ["heavy", offered("heavy", ["the program ffmpeg is not on the PATH"])],
    ]),
    broken: new Map([["torn", "service.yaml is not valid YAML."]]),
  },
  holdsSecret: (ref) => ref === "vault",
};

const judge = (job: JobRequest | string, sentAt = NOW) => {
  const body = typeof job === "string" ? job : buildRequest(job);
  const message = {
    id: "m-1",
    receiptHandle: "r",
    body,
    attributes: {},
    sentAt,
    receiveCount: 1,
    firstReceivedAt: NOW,
  };
  return admit(message, MEANS, NOW);
};

describe("admission", () => {
  test("of a good request gives the arguments", () => {
    const job = requestOf({ parameters: [{ name: "R", value: "-7" }], reference: "order-7" });
    expect(judge(job)).toMatchObject({
      verdict: "run",
      args: ["-R", "-7"],
      service: { folder: "/services/echo" },
      told: { service: "echo", reference: "order-7", output: { type: "callback", href: CALLBACK } },
    });
  });

  test.each([
    ["an unknown service", requestOf({ service: "nothing" }), "service-unknown"],
    ["an unknown parameter", requestOf({ parameters: [{ name: "Q", value: "1" }] }), "parameter-unknown"],
    [
      "a parameter out of range",
      requestOf({ parameters: [{ name: "R", value: "101" }] }),
      "parameter-invalid",
    ],
    [
      "an argument in disguise",
      requestOf({ parameters: [{ name: "R", value: "--help" }] }),
      "parameter-invalid",
    ],
    [
      "an input nobody reads",
      requestOf({ input: { type: "s3", href: "s3://bucket/key" } }),
      "input-type-refused",
    ],
  ])("refuses %s and tells the client", (_, job, code) => {
    expect(judge(job)).toMatchObject({
      verdict: "refuse",
      park: false,
      failure: { code, message: expect.stringMatching(/^\S.{15,}[.!?)]$/s) as string },
      told: { output: { type: "callback" } },
    });
  });

  test("names the services that there are", () => {
    expect(judge(requestOf({ service: "ech" }))).toMatchObject({
      failure: { message: expect.stringMatching(/echo.*heavy/) as string },
    });
  });

  test("leaves a job for a machine that can run it, or for a manifest that is whole again", () => {
    expect(judge(requestOf({ service: "heavy" }))).toMatchObject({
      verdict: "return",
      reason: expect.stringContaining("ffmpeg") as string,
    });
    expect(judge(requestOf({ service: "torn" }))).toMatchObject({ verdict: "return" });
  });

  test("refuses bad parameters on a machine that could not run the service, too", () => {
    const job = requestOf({ service: "heavy", parameters: [{ name: "R", value: "x" }] });
    expect(judge(job)).toMatchObject({ verdict: "refuse", failure: { code: "parameter-invalid" } });
  });

  test("leaves a newer contract for a newer agent, whatever else it holds", () => {
    expect(
      judge('<request service="echo" contract="9"><new/><output type="store"/></request>'),
    ).toMatchObject({
      verdict: "return",
      reason: expect.stringContaining("9") as string,
    });
  });

  test.each([
    [10_000, "run"],
    [10_001, "refuse"],
  ])("of a job with a deadline of 10 s that waited %s ms: %s", (waitedMs, verdict) => {
    expect(judge(requestOf({ deadlineS: 10 }), NOW - waitedMs).verdict).toBe(verdict);
  });

  test("refuses an unknown secret: told when the callback does not need it, parked when it does", () => {
    const known = { type: "http-basic", ref: "vault" } as const;
    const unknown = { type: "http-basic", ref: "cellar" } as const;
    const input = { type: "http", href: "http://a.example/" } as const;
    const output = { type: "callback", href: CALLBACK } as const;
    expect(judge(requestOf({ input: { ...input, credentials: unknown }, output }))).toMatchObject({
      verdict: "refuse",
      park: false,
      failure: { code: "secret-unknown", message: expect.stringContaining("cellar") as string },
    });
    for (const bad of [{ credentials: unknown }, { signature: { ref: "cellar" } }]) {
      expect(judge(requestOf({ output: { ...output, ...bad } }))).toMatchObject({
        verdict: "refuse",
        park: true,
        told: { output: { type: "store" } },
      });
    }
    expect(judge(requestOf({ output: { ...output, credentials: known } })).verdict).toBe("run");
  });
});

describe("whom to tell", () => {
  test("is read from a request that is otherwise wrong", () => {
    const body = `<request service="echo" reference="r-1"><nonsense/><output type="callback" href="${CALLBACK}"/></request>`;
    expect(addresseeOf(body)).toEqual({
      service: "echo",
      reference: "r-1",
      output: { type: "callback", href: CALLBACK },
    });
    expect(judge(body)).toMatchObject({
      verdict: "refuse",
      park: false,
      failure: { code: "request-invalid", line: 1 },
    });
  });

  test.each([
    ["nothing", "not XML"],
    ["two outputs", '<request service="echo"><output type="store"/><output type="store"/></request>'],
    [
      "a DOCTYPE",
      `<!DOCTYPE r><request service="echo"><output type="callback" href="${CALLBACK}"/></request>`,
    ],
    ["an output that is wrong itself", '<request service="echo"><output type="callback"/></request>'],
  ])("is nobody for %s: the request is parked", (_, body) => {
    expect(addresseeOf(body)).toBeUndefined();
    expect(judge(body)).toMatchObject({ verdict: "refuse", park: true, told: { output: { type: "store" } } });
  });
});
