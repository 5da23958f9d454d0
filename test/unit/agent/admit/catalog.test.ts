import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCatalog } from "../../../../agent/admit/catalog.ts";
import { systemFiles } from "../../../../base/system/files.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const yaml = (name: string, more = "") =>
  `name: ${name}\nversion: 1.0.0\nsummary: Says something.\ncommand: [echo, hello]\nresult:\n  kind: text\n  max_bytes: 1000\n${more}`;

async function read(
  services: Record<string, string>,
  machine = { architecture: "x64", path: ["/usr/bin", "/bin"] },
) {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries(services)) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, "service.yaml"), text);
  }
  return { folder, catalog: await readCatalog(systemFiles, folder, machine) };
}

describe("the catalog", () => {
  test("has every service of the folder, and skips what is none", async () => {
    const { folder } = await read({ a: yaml("a"), b: yaml("b") });
    await mkdir(join(folder, "empty"));
    await writeFile(join(folder, "README.md"), "");
    const catalog = await readCatalog(systemFiles, folder, { architecture: "x64", path: [] });
    expect([...catalog.services.keys()].toSorted()).toEqual(["a", "b"]);
    expect(catalog.services.get("a")).toMatchObject({ folder: join(folder, "a"), missing: [] });
    expect(catalog.broken.size).toBe(0);
  });

  test("keeps a broken service apart, with the reason, and the others going", async () => {
    const { catalog } = await read({
      fine: yaml("fine"),
      torn: "name: [",
      other: yaml("else"),
      odd: "name: odd\n",
    });
    expect([...catalog.services.keys()]).toEqual(["fine"]);
    expect([...catalog.broken.keys()].toSorted()).toEqual(["odd", "other", "torn"]);
    for (const reason of catalog.broken.values()) expect(reason).toContain("service.yaml");
    expect(catalog.broken.get("other")).toMatch(/name else must be the folder's name, other/);
  });

  test("says what this machine lacks for a service", async () => {
    const requires =
      "requires:\n  programs: [sh, no-such-program]\n  files: [model.bin]\n  architectures: [arm64]\ninstall: [npm, run, setup]\n";
    const { catalog } = await read({ heavy: yaml("heavy", requires) });
    const missing = catalog.services.get("heavy")?.missing.join("\n") ?? "";
    expect(missing).toContain("arm64");
    expect(missing).toContain("no-such-program");
    expect(missing).toContain("model.bin");
    expect(missing).toContain("npm run setup");
    expect(missing).not.toMatch(/program sh /);
  });

  test("sees what was installed since", async () => {
    const { folder } = await read({
      heavy: yaml("heavy", "requires:\n  programs: [tool]\n  files: [model.bin]\n"),
    });
    await writeFile(join(folder, "heavy/model.bin"), "");
    const bin = await tempFolder();
    await writeFile(join(bin, "tool"), "");
    await chmod(join(bin, "tool"), 0o755);
    const catalog = await readCatalog(systemFiles, folder, { architecture: "x64", path: ["/nowhere", bin] });
    expect(catalog.services.get("heavy")?.missing).toEqual([]);
  });

  test("of an absent folder is empty", async () => {
    const catalog = await readCatalog(systemFiles, "/nowhere/services", { architecture: "x64", path: [] });
    expect(catalog.services.size).toBe(0);
  });
});
