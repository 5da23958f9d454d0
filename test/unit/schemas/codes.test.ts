import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CODES } from "../../../schemas/codes.ts";

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

describe("error codes", () => {
  it.each(Object.entries(CODES))(
    "%s stands in docs/errors.md with its meaning and advice",
    (code, { meaning, advice }) => {
      const row = page.split("\n").find((line) => line.split("|")[1]?.trim() === `\`${code}\``);
      expect(row?.split("|").map((cell) => cell.trim())).toEqual(["", `\`${code}\``, meaning, advice, ""]);
    },
  );

  it("are all the page lists", () => {
    const listed = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(CODES));
  });

  it("fit the schema of responses", () => {
    for (const code of Object.keys(CODES)) expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });
});
