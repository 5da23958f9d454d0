import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CODES } from "../../../schemas/codes.ts";

const root = new URL("../../../", import.meta.url);
const text = readFileSync(new URL("docs/errors.md", root), "utf8");
const [page = "", commands = "", boot = ""] = text.split(/\n# Codes of (?:the commands|boot\.sh)\n/);
const FOLDERS = ["base", "jobs", "client", "agent", "autoscaler", "operator", "cloud", "bootstrap"];

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

  it("of the commands are on the page too, each one that the code throws and no other", () => {
    const files = FOLDERS.flatMap((folder) => globSync(`${fileURLToPath(root)}${folder}/**/*.ts`));
    const sources = files.map((file) => readFileSync(file, "utf8"));
    const thrown = sources.flatMap((source) => [
      ...source.matchAll(/new DroverError\(\s*(?:[^"(),]+\? )?"([a-z0-9-]+)"(?: : "([a-z0-9-]+)")?/g),
    ]);
    const expected = new Set(
      thrown
        .flatMap(([, first = "internal", second = first]) => [first, second])
        .filter((code) => !(code in CODES)),
    );
    const listed = [...commands.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, code]) => code);
    expect(new Set(listed)).toEqual(expected);
    expect(listed).toHaveLength(expected.size);
  });

  it("of boot.sh are on the page too, each one that it reports and no other", () => {
    const script = readFileSync(new URL("bootstrap/boot.sh", root), "utf8");
    const reported = [...script.matchAll(/\b(?:trouble|die) "(?:\$\{problem:-)?([a-z]+(?:-[a-z]+)+) /g)];
    const listed = [...boot.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, code]) => code);
    expect(new Set(listed)).toEqual(new Set(reported.map(([, code]) => code)));
    expect(listed).toHaveLength(new Set(listed).size);
  });

  it("fit the schema of responses", () => {
    for (const code of Object.keys(CODES)) expect(code).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  });
});
