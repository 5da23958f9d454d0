import * as fc from "fast-check";
import { configure, report } from "libxml2-wasm/lib/diag.mjs";
import { describe, expect, it } from "vitest";
import { buildRequest } from "../../../schemas/build.ts";
import { validate, warmUp } from "../../../schemas/validate.ts";
import { anyRequest } from "./arbitraries.ts";

const request = (inner: string, attributes = ' service="analyze"') =>
  `<request${attributes}>${inner}</request>`;
const STORE = '<output type="store"/>';

/** A valid request of that many bytes. */
const padded = (bytes: number) =>
  request(`<!--${" ".repeat(bytes - request(`<!---->${STORE}`).length)}-->${STORE}`);

describe("validate", () => {
  it("takes documents of up to 1 MiB, counted in bytes", () => {
    const most = 1_048_576;
    expect(validate("request", padded(most)).ok).toBe(true);
    expect(validate("request", Buffer.from(padded(most))).ok).toBe(true);
    expect(validate("request", padded(most + 1))).toMatchObject({
      problems: [{ code: "request-too-large", line: 1 }],
    });
    expect(validate("response", "é".repeat(most / 2 + 1))).toMatchObject({
      problems: [{ code: "response-too-large" }],
    });
  });

  it("refuses a string that holds half a surrogate pair", () => {
    expect(validate("request", request(`\n<!-- \uD800 -->${STORE}`))).toMatchObject({
      problems: [{ code: "request-encoding", line: 2 }],
    });
  });

  it("says the lines of several problems, in the order of the document's checking, at most 20", () => {
    const parameters = Array.from(
      { length: 30 },
      (_, index) => `\n<parameter name="p${index}" value="" x=""/>`,
    );
    const verdict = validate("request", request(`<parameters>${parameters.join("")}</parameters>${STORE}`));
    if (verdict.ok) throw new Error("It passed.");
    expect(verdict.problems.map(({ line }) => line)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
  });

  it("finds lines beyond 65,535", () => {
    const verdict = validate("request", request(`${"\n".repeat(70_000)}<output type="mail"/>`));
    expect(verdict).toMatchObject({ problems: [{ line: 70_001 }] });
  });

  it("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string({ unit: "binary" }),
          fc.constantFrom("", "<", "<?xml", "<!--"),
        ),
        (xml) => {
          expect(validate("request", xml).ok).toBe(false);
          expect(validate("response", xml).ok).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never throws on a valid document that was damaged, and gives a reason or a value", () => {
    fc.assert(
      fc.property(
        anyRequest,
        fc.nat(),
        fc.nat(40),
        fc.string({ maxLength: 5 }),
        (value, at, length, inserted) => {
          const xml = buildRequest(value);
          const start = at % xml.length;
          const verdict = validate("request", xml.slice(0, start) + inserted + xml.slice(start + length));
          if (verdict.ok) expect(verdict.value.service).not.toBe("");
          else expect(verdict.problems[0].message).toMatch(/^Line \d+: .+\.$/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives back the memory of every document", () => {
    warmUp();
    const documents = [
      request(STORE),
      request("<x/>"),
      "<a",
      request('<output type="store" href="http://x/"/>'),
    ];
    const validateAll = () => documents.forEach((xml) => validate("request", xml));
    validateAll();
    configure({ enabled: true });
    try {
      validateAll();
      expect(report()).toEqual({});
    } finally {
      configure({ enabled: false });
    }
  });

  it.each([
    ["elements", request("<output/>".repeat(110_000))],
    [
      "siblings of one name",
      request(`<parameters>${'<parameter name="a" value=""/>'.repeat(240)}</parameters>${STORE}`),
    ],
    ["attributes", `<request ${Array.from({ length: 80_000 }, (_, index) => `a${index}=""`).join(" ")}/>`],
    [
      "namespace declarations",
      `<request ${Array.from({ length: 40_000 }, (_, index) => `xmlns:a${index}="u"`).join(" ")}/>`,
    ],
    ["comments", request("<!---->".repeat(140_000))],
    ["processing instructions", `${"<?a?>".repeat(200_000)}<request/>`],
    ["a long name", request(STORE, ` service="${"a".repeat(1_000_000)}"`)],
    ["a long key", request(`<input type="s3" href="s3://${"a".repeat(1_000_000)}"/>${STORE}`)],
    [
      "a long secret",
      request(
        `<output type="callback" href="http://x/"><signature secret="whsec_${"A".repeat(1_000_000)}"/></output>`,
      ),
    ],
    ["a declaration without end", `<?xml${" encoding".repeat(110_000)}`],
    ["blanks before a DOCTYPE", `${"\n".repeat(1_000_000)}<!DOCTYPE x>`],
    ["unclosed comments", "<!--".repeat(250_000)],
  ])("refuses a document full of %s in well under two seconds", (_what, xml) => {
    const started = performance.now();
    const verdict = validate("request", xml);
    expect(verdict.ok).toBe(false);
    expect(JSON.stringify(verdict).length).toBeLessThan(10_000);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("what an invalid request still says", () => {
  const callback =
    '<output type="callback" href="http://x/cb"><credentials type="http-basic" ref="cb"/></output>';
  const output = { type: "callback", href: "http://x/cb", credentials: { type: "http-basic", ref: "cb" } };

  it("is its output, service and reference when only something else is wrong", () => {
    const verdict = validate("request", request(`<foo/>${callback}`, ' service="analyze" reference="r1"'));
    expect(verdict).toMatchObject({ ok: false, output, service: "analyze", reference: "r1" });
  });

  it("is the output even when service and reference are wrong", () => {
    const verdict = validate("request", request(callback, ' service="Not One" reference=" "'));
    expect(verdict).toMatchObject({ ok: false, output });
    expect(verdict).not.toHaveProperty("service");
    expect(verdict).not.toHaveProperty("reference");
  });

  it.each([
    ["two outputs", request(`${callback}${STORE}`)],
    ["a second output hidden deeper", request(`<input><output type="store"/></input>${callback}`)],
    ["a second output in a namespace", request(`<x:output xmlns:x="u" type="store"/>${callback}`)],
    ["an output that is not the request's own", request(`<input>${callback}</input>`)],
    ["an output that is itself wrong", request('<foo/><output type="callback" href="file:///etc/passwd"/>')],
    ["an output that breaks a rule", request('<foo/><output type="callback"/>')],
    ["an output in a namespace", `<request service="a" xmlns="u">${callback}</request>`],
    ["another document element", `<order>${callback}</order>`],
    ["a DOCTYPE", `<!DOCTYPE request>${request(`<foo/>${callback}`)}`],
    ["no well-formed document", `${request(callback)}<`],
  ])("is not an output when there is %s", (_what, xml) => {
    expect(validate("request", xml)).not.toHaveProperty("output");
    expect(validate("request", xml).ok).toBe(false);
  });

  it("is the whole address also of a request for a newer contract", () => {
    const verdict = validate("request", request(`<later/>${callback}`, ' service="analyze" contract="7"'));
    expect(verdict).toMatchObject({
      problems: [{ code: "contract-newer" }],
      contract: 7,
      output,
      service: "analyze",
    });
  });

  it("is nothing in a valid one", () => {
    expect(validate("request", request(STORE, ' service="a" contract="1"'))).toEqual({
      ok: true,
      value: { service: "a", contract: 1, parameters: [], output: { type: "store" } },
    });
  });
});
