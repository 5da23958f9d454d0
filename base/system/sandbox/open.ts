import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DroverError } from "../../errors.ts";
import { candidates, type SandboxPlace } from "./candidates.ts";
import type { Sandbox } from "./sandbox.ts";
import { systemCallFilter } from "./filter.ts";
import { tryOut } from "./try-out.ts";

/** What the settings ask for: the best there is, bubblewrap or nothing, or the least there is. */
export type SandboxWish = "auto" | "bubblewrap" | "none";

/**
 * The strongest sandbox that works here, found by running Node in each; `weakness` says why it is no stronger one.
 * Throws `sandbox-unavailable` when bubblewrap is demanded and does not work.
 */
export async function openSandbox(wish: SandboxWish, place: SandboxPlace): Promise<Sandbox> {
  const filter = join(place.workDir, "system-calls.bpf");
  await mkdir(place.workDir, { recursive: true });
  await writeFile(filter, systemCallFilter(process.arch), { mode: 0o644 });
  const trial = join(place.workDir, "trial");
  const reasons: string[] = wish === "none" ? ["the setting sandbox is none"] : [];
  try {
    for (const candidate of candidates({ ...place, filter })) {
      const strong = candidate.kind === "bubblewrap";
      if (candidate.kind !== "process-group" && wish === "none") continue;
      if (!strong && wish === "bubblewrap") throw unavailable(reasons);
      const fault = "fault" in candidate ? candidate.fault : await tryOut(candidate, trial, place.node);
      if (fault === undefined && !("fault" in candidate))
        return weakened(candidate, strong && candidate.weakness === undefined ? [] : reasons);
      if (!("fault" in candidate)) candidate.close?.();
      reasons.push(`${candidate.kind}: ${fault}`);
    }
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
  const bare: Sandbox = { kind: "process-group", launch: (argv, { env }) => ({ argv, env }) };
  return weakened(bare, [...reasons, "programs have no limits"]);
}

function weakened(sandbox: Sandbox, reasons: readonly string[]): Sandbox {
  if (reasons.length === 0) return sandbox;
  const all = sandbox.weakness === undefined ? reasons : [...reasons, sandbox.weakness];
  return { ...sandbox, weakness: all.join("; ") };
}

function unavailable(reasons: readonly string[]): DroverError {
  return new DroverError(
    "sandbox-unavailable",
    `The settings demand bubblewrap, which does not work here (${reasons.join("; ")}). Install or repair it, see docs/sandbox.md, or set sandbox: auto.`,
  );
}
