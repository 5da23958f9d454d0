import { describe, expect, test } from "vitest";
import { manifestText, parseManifest } from "../../../bootstrap/release/manifest.ts";

const manifest = {
  version: "1.0.0-a-b",
  commit: "c0ffee-dirty",
  daemons: ["agent"],
  archives: [
    {
      name: "release",
      arch: "any",
      key: "releases/x",
      sha256: "0".repeat(64),
      bytes: 3,
      from: ".",
      into: ".",
    },
  ],
  files: [
    { path: "dist/a.mjs", mode: "644", bytes: 1, sha256: "1".repeat(64) },
    { path: "bootstrap/boot.sh", mode: "755", bytes: 2, sha256: "2".repeat(64) },
  ],
} as const;

describe("the manifest", () => {
  test("is JSON that comes back, with one entry on each line", () => {
    const text = manifestText(manifest);
    expect(parseManifest(text)).toEqual(manifest);
    expect(text).toContain(
      `{"path": "bootstrap/boot.sh", "mode": "755", "bytes": 2, "sha256": "${"2".repeat(64)}"}\n`,
    );
  });

  test.each(["", "{}", "[]", '{"format": 2}', "null"])("is refused when it is %s", (text) => {
    expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "release-corrupt" }));
  });
});
