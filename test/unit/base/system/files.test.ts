import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemFiles as files } from "../../../../base/system/files.ts";
import { lockFolder } from "../../../../base/system/lock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

async function* chunks(...parts: string[]) {
  for (const it of parts) yield Buffer.from(it);
}

async function* broken() {
  yield Buffer.from("abc");
  throw new Error("cut off");
}

describe("files", () => {
  test("lists what is below a folder and never follows a link", async () => {
    const folder = await tempFolder();
    const outside = await tempFolder();
    await writeFile(join(outside, "secret"), "x");
    await mkdir(join(folder, "a/b"), { recursive: true });
    await writeFile(join(folder, "a/b/c.txt"), "four");
    await symlink(outside, join(folder, "link"));
    await symlink(join(outside, "secret"), join(folder, "a/file-link"));
    const found = await files.list(folder, { deep: true });
    expect(found.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "a", kind: "folder", bytes: 0 },
      { name: "a/b", kind: "folder", bytes: 0 },
      { name: "a/b/c.txt", kind: "file", bytes: 4 },
      { name: "a/file-link", kind: "other", bytes: 0 },
      { name: "link", kind: "other", bytes: 0 },
    ]);
    expect((await files.list(folder)).map((it) => it.name).toSorted()).toEqual(["a", "link"]);
    expect(await files.list(join(folder, "absent"))).toEqual([]);
    expect(await files.size(join(folder, "link"))).toBeUndefined();
    await files.remove(folder);
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("x");
  });

  test("writes streams whole, over what was there", async () => {
    const path = join(await tempFolder(), "file");
    expect(await files.write(path, chunks("abc", "", "defgh"), { sync: true })).toBe(8);
    expect(await files.write(path, chunks("xy"), { mode: 0o600 })).toBe(2);
    expect(await readFile(path, "utf8")).toBe("xy");
    await files.append(path, "z");
    expect(await files.size(path)).toBe(3);
  });

  test("a stream that breaks makes the write fail", async () => {
    const path = join(await tempFolder(), "file");
    await expect(files.write(path, broken())).rejects.toThrow("cut off");
  });

  test("reads a part, and no more than there is", async () => {
    const path = join(await tempFolder(), "file");
    await writeFile(path, "0123456789");
    const read = async (options?: { from?: number; maxBytes?: number }) =>
      Buffer.from(await files.read(path, options)).toString();
    expect(await read()).toBe("0123456789");
    expect(await read({ from: 7 })).toBe("789");
    expect(await read({ from: 2, maxBytes: 3 })).toBe("234");
    expect(await read({ from: 20, maxBytes: 3 })).toBe("");
    await expect(files.read(`${path}.absent`)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await files.size(`${path}.absent`)).toBeUndefined();
    expect(await files.size(`${path}/below`)).toBeUndefined();
  });

  test("makes folders with the mode that is asked for", async () => {
    const path = join(await tempFolder(), "a/b");
    await files.makeFolder(path, 0o700);
    await files.makeFolder(path, 0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await files.exists(path)).toBe(true);
  });
});

describe("a folder's lock", () => {
  test("is one process's alone until it is given back", async () => {
    const folder = await tempFolder();
    const unlock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "folder-in-use" });
    const other = await lockFolder(await tempFolder());
    other();
    unlock();
    const again = await lockFolder(folder);
    again();
  });
});
