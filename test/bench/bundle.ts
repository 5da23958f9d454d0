import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "rolldown";

const root = join(import.meta.dirname, "../..");

/**
 * Bundles Drover as it ships (bootstrap/build.ts) and, with the same care, what it is compared with; all of it
 * below `folder`, where no node_modules is.
 */
export async function bundle(folder: string): Promise<{ drover: string; rival: string; bareLoop: string }> {
  const dist = join(folder, "dist");
  await promisify(execFile)(process.execPath, [join(root, "bootstrap/build.ts"), dist]);
  const others = join(folder, "bench");
  await build({
    input: {
      "rival-worker": join(import.meta.dirname, "rival-worker.ts"),
      "bare-loop": join(import.meta.dirname, "bare-loop.ts"),
    },
    platform: "node",
    resolve: { mainFields: ["module", "main"] },
    logLevel: "silent",
    output: {
      dir: others,
      format: "esm",
      entryFileNames: "[name].mjs",
      chunkFileNames: "[name]-[hash].mjs",
      sourcemap: true,
      minify: false,
    },
  });
  for (const name of ["request.xsd", "response.xsd"]) {
    await copyFile(join(root, "schemas", name), join(others, name));
  }
  return {
    drover: join(dist, "drover.mjs"),
    rival: join(others, "rival-worker.mjs"),
    bareLoop: join(others, "bare-loop.mjs"),
  };
}
