import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CODES } from "../../schemas/codes.ts";
import { validate } from "../../schemas/validate.ts";
import type { Refusal } from "../../schemas/verdict.ts";
import { bytesOf, EXAMPLES, EXAMPLES_FOLDER } from "./examples.ts";
import type { Example } from "./examples.ts";

const verdictOf = ({ kind }: Example, xml: Uint8Array | string) =>
  kind === "request" ? validate("request", xml) : validate("response", xml);

function refusalOf(example: Example): Refusal {
  const verdict = verdictOf(example, bytesOf(example));
  if (verdict.ok) throw new Error(`${example.file} passed.`);
  return verdict;
}

describe("the contract's examples", () => {
  it("are all in the table, and the table has no others", () => {
    const files = ["valid", "invalid"].flatMap((folder) =>
      readdirSync(new URL(folder, EXAMPLES_FOLDER)).map((name) => `${folder}/${name}`),
    );
    expect(EXAMPLES.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
    expect(EXAMPLES.filter(({ valid }) => valid).length).toBeGreaterThanOrEqual(12);
    expect(EXAMPLES.filter(({ valid }) => !valid).length).toBeGreaterThanOrEqual(45);
  });

  it.each(EXAMPLES.filter(({ valid }) => valid))("$file is valid", (example) => {
    expect(verdictOf(example, bytesOf(example))).toMatchObject({ ok: true });
  });

  it.each(EXAMPLES.filter((example) => !example.valid))("$file is $code at line $line", (example) => {
    if (example.valid) throw new Error("The table changed under the test.");
    const started = performance.now();
    const [first] = refusalOf(example).problems;
    expect({ code: first.code, line: first.line }).toEqual({ code: example.code, line: example.line });
    expect(first.message).toMatch(new RegExp(`^Line ${example.line}: .{10,}\\.$`));
    expect(Object.keys(CODES)).toContain(first.code);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("never has a password of a document in its message", () => {
    const withPassword = EXAMPLES.filter((example) => Buffer.from(bytesOf(example)).includes("hunter2"));
    expect(withPassword.length).toBeGreaterThanOrEqual(5);
    for (const example of withPassword) {
      expect(JSON.stringify(refusalOf(example).problems)).not.toContain("hunter2");
    }
  });
});
