import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadSettings } from "../../../../base/system/settings.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

afterEach(() => vi.unstubAllEnvs());

const name = (work: string) => loadSettings("/", undefined, { work_dir: work }).instance_id;

describe("loadSettings", () => {
  test("makes paths absolute and fills in what depends on the machine", async () => {
    const folder = await tempFolder();
    const settings = loadSettings(folder, undefined, { work_dir: "work" });
    expect(settings.services_dir).toBe(join(folder, "services"));
    expect(settings.work_dir).toBe(join(process.cwd(), "work"));
    expect(settings.slots).toBeGreaterThan(0);
    expect(settings.instance_id).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  });

  test("names instances by their folder: the same after a restart, another for each agent", () => {
    expect(name("/a")).toBe(name("/a"));
    expect(name("/a")).not.toBe(name("/b"));
  });

  test("resolves the services of a file beside the file, and those of a variable or flag here", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "etc"));
    const file = join(folder, "etc/drover.yaml");
    await writeFile(file, "services_dir: mine\n");
    expect(loadSettings("/root", file, {}).services_dir).toBe(join(folder, "etc/mine"));
    expect(loadSettings("/root", file, { services_dir: "flagged" }).services_dir).toBe(
      join(process.cwd(), "flagged"),
    );
    vi.stubEnv("DROVER_SERVICES_DIR", "from-env");
    expect(loadSettings("/root", file, {}).services_dir).toBe(join(process.cwd(), "from-env"));
  });

  test("a file that was named and is not there is an error that says so", () => {
    expect(() => loadSettings("/root", "/nowhere/drover.yaml", {})).toThrow(/settings file cannot be read/);
  });
});
