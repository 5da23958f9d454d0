import { describe, expect, it } from "vitest";
import { buildRequest } from "../../../schemas/build.ts";
import { maskRequest, maskSecrets } from "../../../schemas/mask.ts";
import type { JobRequest } from "../../../schemas/request.ts";

const secret = `whsec_${Buffer.from("hunter2-hunter2-hunter2-").toString("base64")}`;
const request: JobRequest = {
  service: "analyze",
  input: {
    type: "http",
    href: "http://x/",
    credentials: { type: "http-basic", username: "dirk", password: "hunter2'\"<" },
  },
  parameters: [{ name: "R", value: "-100" }],
  output: {
    type: "callback",
    href: "http://y/",
    credentials: { type: "http-basic", username: "dirk", password: "hunter2" },
    signature: { secret },
  },
};

describe("masking", () => {
  it("hides every secret of a document and nothing else", () => {
    const masked = maskSecrets(buildRequest(request));
    expect(masked).not.toContain("hunter2");
    expect(masked).not.toContain(secret);
    expect(masked.match(/"\*\*\*"/g)).toHaveLength(3);
    expect(masked).toContain('username="dirk" password="***"');
    expect(masked).toContain('<parameter name="R" value="-100"/>');
  });

  it.each([
    `<credentials password='hunter2'/>`,
    `<credentials password = "hunter2"/>`,
    `<credentials password\n=\n"hunter2"/>`,
    `<credentials password="hunter2`,
    `<credentials password='a"hunter2'/>`,
  ])("hides the password of %j", (xml) => {
    expect(maskSecrets(xml)).not.toContain("hunter2");
  });

  it("hides every secret of a request value and leaves the value itself alone", () => {
    const before = structuredClone(request);
    const masked = JSON.stringify(maskRequest(request));
    expect(masked).not.toContain("hunter2");
    expect(masked).not.toContain("whsec_");
    expect(masked).toContain('"username":"dirk"');
    expect(request).toEqual(before);
  });

  it("leaves references alone, which are names and no secrets", () => {
    const byName: JobRequest = {
      service: "a",
      parameters: [],
      output: {
        type: "callback",
        href: "http://y/",
        credentials: { type: "http-basic", ref: "n" },
        signature: { ref: "s" },
      },
    };
    expect(maskRequest(byName)).toEqual(byName);
  });
});
