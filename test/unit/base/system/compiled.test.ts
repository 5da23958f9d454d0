import { existsSync, readdirSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { tempFolder } from "../../../support/temp-folder.ts";

const base = join(import.meta.dirname, "../../../../base");

/** Another process that keeps what it compiles for this code. */
async function keep(workDir: string, code: string): Promise<void> {
  const script = `
    const { keepCompiled } = await import(${JSON.stringify(`${base}/system/compiled.ts`)});
    await keepCompiled(${JSON.stringify(workDir)}, ${JSON.stringify(code)});
    await import(${JSON.stringify(`${base}/errors.ts`)});
  `;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], { env: {} });
}

test("what was compiled is kept for this code alone, and only where no program can write to it", async () => {
  const workDir = await tempFolder();
  await keep(workDir, "/opt/release-1");
  if (process.getuid?.() !== 0) {
    expect(existsSync(`${workDir}/compiled`)).toBe(false);
    return;
  }
  const [first = "", ...none] = readdirSync(`${workDir}/compiled`);
  expect(none).toEqual([]);
  const files = () => readdirSync(`${workDir}/compiled`, { recursive: true, withFileTypes: true });
  expect(files().some((it) => it.isFile())).toBe(true);
  await keep(workDir, "/opt/release-1");
  expect(readdirSync(`${workDir}/compiled`)).toEqual([first]);
  await keep(workDir, "/opt/release-2");
  expect(readdirSync(`${workDir}/compiled`)).toHaveLength(1);
  expect(readdirSync(`${workDir}/compiled`)).not.toEqual([first]);
});
