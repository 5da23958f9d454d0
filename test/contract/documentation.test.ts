import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { validate } from "../../schemas/validate.ts";

const page = readFileSync(new URL("../../docs/contract.md", import.meta.url), "utf8");
const documents = [...page.matchAll(/```xml\n([^`]*)```/g)].map(([, xml]) => xml ?? "");

describe("docs/contract.md", () => {
  it.each(documents)("shows a valid document, or a valid part of one: %s", (xml) => {
    const whole = xml.startsWith("<output") ? `<request service="x">${xml}</request>` : xml;
    const verdict = whole.includes("<response") ? validate("response", whole) : validate("request", whole);
    expect(verdict).toMatchObject({ ok: true });
  });

  it("shows some", () => {
    expect(documents.length).toBeGreaterThanOrEqual(4);
  });
});
