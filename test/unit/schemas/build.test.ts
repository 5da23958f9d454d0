import { XMLParser } from "fast-xml-parser";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DroverError } from "../../../base/errors.ts";
import { buildRequest, buildResponse } from "../../../schemas/build.ts";
import { bytesOfRawOutput, rawOutputOf } from "../../../schemas/raw-output.ts";
import type { JobRequest } from "../../../schemas/request.ts";
import type { JobResponse } from "../../../schemas/response.ts";
import { validate } from "../../../schemas/validate.ts";
import { anyRequest, anyResponse } from "./arbitraries.ts";

const request: JobRequest = { service: "analyze", parameters: [], output: { type: "store" } };
const response: JobResponse = {
  service: "analyze",
  status: "success",
  messageId: "m-1",
  artifacts: [],
  message: "Done.",
};

function carried(bytes: Uint8Array) {
  const verdict = validate("response", buildResponse({ ...response, rawOutput: rawOutputOf(bytes) }));
  if (!verdict.ok || verdict.value.rawOutput === undefined) throw new Error("The response lost its output.");
  return verdict.value.rawOutput;
}

describe("building", () => {
  it("gives a request document that reads back as the same request", () => {
    fc.assert(
      fc.property(anyRequest, (value) => {
        expect(validate("request", buildRequest(value))).toEqual({ ok: true, value });
      }),
      { numRuns: 300 },
    );
  });

  it("gives a response document that reads back as the same response", () => {
    fc.assert(
      fc.property(anyResponse, (value) => {
        expect(validate("response", buildResponse(value))).toEqual({ ok: true, value });
      }),
      { numRuns: 300 },
    );
  });

  it("reads back the same from bytes as from text", () => {
    fc.assert(
      fc.property(anyRequest, (value) => {
        const xml = buildRequest(value);
        expect(validate("request", Buffer.from(xml))).toEqual(validate("request", xml));
      }),
      { numRuns: 50 },
    );
  });

  it("writes the article's listing", () => {
    const xml = buildRequest({
      service: "analyze",
      input: {
        type: "http",
        href: "http://www.waferthin.com/convert.mov",
        credentials: { type: "http-basic", username: "dirk", password: "mylilsecret" },
      },
      parameters: [{ name: "R", value: "-100" }],
      output: { type: "queue" },
    });
    expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<request service="analyze">
  <input type="http" href="http://www.waferthin.com/convert.mov">
    <credentials type="http-basic" username="dirk" password="mylilsecret"/>
  </input>
  <parameters>
    <parameter name="R" value="-100"/>
  </parameters>
  <output type="queue"/>
</request>
`);
  });

  it("refuses to build what it would refuse to read, without showing the value", () => {
    const bad = { ...request, parameters: [{ name: "a", value: "hunter2\u001B" }] };
    expect(() => buildRequest(bad)).toThrow(expect.objectContaining({ code: "request-not-xml" }));
    expect(() => buildRequest({ ...request, service: "../x" })).toThrow(DroverError);
    expect(() => buildRequest({ ...request, deadlineS: 1.5 })).toThrow(/deadline/);
    const password = { type: "http-basic", username: "a", password: "hunter2\r\nEvil: 1" } as const;
    const withPassword = { type: "callback", href: "http://x/", credentials: password } as const;
    expect(() => buildRequest({ ...request, output: withPassword })).toThrow(/^(?!.*hunter2)/);
  });

  it("says when a response is too large", () => {
    const artifacts = Array.from({ length: 1000 }, (_, index) => ({
      name: `${"n".repeat(400)}${index}`,
      href: `s3://bucket/${"k".repeat(900)}`,
      bytes: 1,
      sha256: "0".repeat(64),
      type: "text/plain",
    }));
    expect(() => buildResponse({ ...response, artifacts })).toThrow(
      expect.objectContaining({ code: "response-too-large" }),
    );
  });

  it("never lets a message for people make a response impossible", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 6_000, size: "max" }), (message) => {
        expect(validate("response", buildResponse({ ...response, message })).ok).toBe(true);
      }),
      { numRuns: 50 },
    );
    const xml = buildResponse({ ...response, message: "exit 1: \u001B[31mred\0" });
    expect(validate("response", xml)).toMatchObject({ value: { message: "exit 1: \uFFFD[31mred\uFFFD" } });
  });
});

describe("rawOutputOf", () => {
  it("carries any bytes unchanged", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: "binary", maxLength: 300 }).map((text) => Buffer.from(text)),
          fc
            .array(
              fc.constantFrom("\r", "\n", "]]>", "]", ">", "<", "&", "a", "\t", "\u2028", "\uFEFF", "😀"),
              {
                maxLength: 60,
              },
            )
            .map((parts) => Buffer.from(parts.join(""))),
        ),
        (bytes) => {
          expect(Buffer.compare(bytesOfRawOutput(carried(bytes)), bytes)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ["1 2 3\n", "none"],
    ["with ]]> in it", "none"],
    ["a\r\nb\r\n", "none"],
    ["", "none"],
    ["NUL \0", "base64"],
    ["ESC \u001B[0m", "base64"],
    ["U+FFFE \uFFFE", "base64"],
    ["\uFEFFwith a byte order mark", "base64"],
  ])("%j goes as %s", (text, encoding) => {
    expect(rawOutputOf(Buffer.from(text)).encoding).toBe(encoding);
    expect(Buffer.from(bytesOfRawOutput(carried(Buffer.from(text)))).toString()).toBe(text);
  });

  it.each([
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["invalid UTF-8", [0xff]],
  ])("%s goes as base64", (_what, bytes) => {
    expect(rawOutputOf(Uint8Array.from(bytes)).encoding).toBe("base64");
  });

  it.each(["]]>", "\r", "\r&", "x"])("256 KiB of %j fit a response", (part) => {
    const bytes = Buffer.from(part.repeat(262_144 / part.length));
    expect(Buffer.compare(bytesOfRawOutput(carried(bytes)), bytes)).toBe(0);
  });

  it("marks what was cut", () => {
    expect(rawOutputOf(Buffer.from("a"), true)).toEqual({ encoding: "none", content: "a", truncated: true });
  });

  it("is read alike by another XML parser", () => {
    const parser = new XMLParser({ parseTagValue: false, trimValues: false, ignoreAttributes: false });
    const text = "a ]]> <b> & \n c";
    const xml = buildResponse({ ...response, rawOutput: rawOutputOf(Buffer.from(text)) });
    expect(parser.parse(xml)).toMatchObject({ response: { rawOutput: text } });
  });
});
