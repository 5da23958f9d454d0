import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filesBelow, pack } from "../../../bootstrap/release/pack.ts";
import { tempFolder } from "../../support/temp-folder.ts";

async function write(folder: string, files: Record<string, string>, mode = 0o644): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    await chmod(join(folder, path), mode);
  }
}

describe("pack", () => {
  test("gives the same bytes for the same content, whatever time, umask and order", async () => {
    const [one, two] = [await tempFolder(), await tempFolder()];
    await write(one, { "b/c": "1", a: "2", "b.d": "3" });
    await write(two, { "b.d": "3", a: "2", "b/c": "1" }, 0o600);
    await utimes(join(two, "a"), 1, 1);
    const packed = await Promise.all(
      [one, two].map(async (it) => pack(await filesBelow(it), join(it, `../${it.slice(-6)}.tar.gz`))),
    );
    expect(packed[0]).toEqual(packed[1]);
  });

  test("writes what GNU tar unpacks to the same files, names of any length included", async () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9@_+][A-Za-z0-9@_+.-]{0,80}$/);
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((it) => it.join("/"));
    const tree = fc.dictionary(path, fc.string({ maxLength: 2_000 }), {
      minKeys: 1,
      maxKeys: 6,
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const names = Object.keys(files);
        fc.pre(!names.some((a) => names.some((b) => b.startsWith(`${a}/`))));
        const folder = await tempFolder();
        await write(join(folder, "in"), files);
        await pack(await filesBelow(join(folder, "in")), join(folder, "x.tar.gz"));
        await mkdir(join(folder, "out"));
        execFileSync("tar", ["-xzf", join(folder, "x.tar.gz"), "-C", join(folder, "out")]);
        for (const [name, text] of Object.entries(files))
          expect(await readFile(join(folder, "out", name), "utf8")).toBe(text);
        const listed = execFileSync("tar", ["-tzf", join(folder, "x.tar.gz")], { encoding: "utf8" });
        expect(listed.trim().split("\n").toSorted()).toEqual(names.toSorted());
      }),
      { numRuns: 25 },
    );
  });

  test("keeps only whether a file may be executed", async () => {
    const folder = await tempFolder();
    await write(folder, { plain: "x" }, 0o664);
    await write(folder, { program: "x" }, 0o6775);
    expect((await filesBelow(folder)).map((it) => [it.path, it.mode])).toEqual([
      ["plain", 0o644],
      ["program", 0o755],
    ]);
  });

  test("refuses links and names that no release may hold", async () => {
    const folder = await tempFolder();
    await symlink("/etc/passwd", join(folder, "link"));
    await expect(filesBelow(folder)).rejects.toMatchObject({ code: "release-file" });
    for (const name of ["with blank", 'quo"te', "new\nline", "-dash"]) {
      const other = await tempFolder();
      await writeFile(join(other, name), "");
      await expect(filesBelow(other)).rejects.toMatchObject({ code: "release-file" });
    }
  });
});
