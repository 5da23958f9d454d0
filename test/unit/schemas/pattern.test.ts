import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "../../../schemas/pattern.ts";

/** Patterns and texts over a small alphabet, so that matches are frequent. */
const atom = fc.constantFrom(
  "a",
  "b",
  ".",
  "[ab]",
  "[^a]",
  "[a-c]",
  String.raw`\d`,
  String.raw`\w`,
  String.raw`\.`,
);
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    atom,
    fc
      .tuple(atom, fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{1,}"))
      .map(([one, times]) => one + times),
    fc
      .tuple(tie("pattern"), fc.constantFrom("", "*", "?", "{1,2}"))
      .map(([inner, times]) => `(${inner})${times}`),
  ),
  pattern: fc
    .array(
      fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
      { minLength: 1, maxLength: 3 },
    )
    .map((choices) => choices.join("|")),
}));
const text = fc.string({ unit: fc.constantFrom("a", "b", "c", ".", "1", "é", "\n", "😀"), maxLength: 8 });

describe("compilePattern", () => {
  it("matches what a JavaScript expression over the whole text would", () => {
    fc.assert(
      fc.property(pattern, text, (source, value) => {
        // "." of JavaScript leaves out more line ends than ours; none of them is in the alphabet.
        expect(compilePattern(source).matches(value)).toBe(new RegExp(`^(?:${source})$`, "u").test(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["(a+)+b", "a".repeat(4_000)],
    ["(a*)*b", "a".repeat(4_000)],
    ["(a|a)*b", "a".repeat(4_000)],
    ["(a|aa)+b", "a".repeat(4_000)],
    ["a*a*a*a*a*a*b", "a".repeat(4_000)],
    ["(.{0,30}){0,30}b", "a".repeat(4_000)],
  ])("%s is answered at once", (source, value) => {
    const started = performance.now();
    expect(compilePattern(source).matches(value)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ["(?=a)a", "(?"],
    ["^a$", "covers the whole value"],
    [String.raw`(a)\1`, String.raw`\1`],
    ["a**", "one repetition follows another"],
    ["a{2000}", "from 0 to 1000"],
    ["a{3,2}", "below its start"],
    ["((a{1000}){1000}){1000}", "too large"],
    ["(a", '")" is missing'],
    ["a)", "no partner"],
    ["[a", "ends too early"],
    ["[]", "empty"],
    ["[z-a]", "z-a"],
    ["*a", "nothing to repeat"],
    ["\\", "ends too early"],
  ])("%s is refused with a reason", (source, reason) => {
    expect(() => compilePattern(source)).toThrow(SyntaxError);
    expect(() => compilePattern(source)).toThrow(reason);
  });
});
