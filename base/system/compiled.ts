import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/**
 * From here on modules are compiled once: what V8 made of them is kept in the work folder when the process ends, and taken
 * from there at the next start. Only for root: elsewhere programs may be the user who owns it. What was kept for other
 * code goes.
 * @param code where the code lies
 */
export async function keepCompiled(workDir: string, code: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = join(workDir, "compiled");
  const own = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const kept = await readdir(folder).catch(() => []);
  const others = kept.filter((it) => it !== own);
  // What cannot be removed now costs room, and no start.
  await Promise.allSettled(others.map((it) => rm(join(folder, it), { recursive: true, force: true })));
  enableCompileCache(join(folder, own));
}
