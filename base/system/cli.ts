import { CommanderError } from "commander";
import { codeOf, reasonOf } from "../errors.ts";

/** Exit codes of every command: 0 fine · 1 failed · 64 wrong usage or settings · 69 something it needs is not there. */
const FAILED = 1;
const USAGE = 64;
const UNAVAILABLE = 69;

const usage = new Set(["config-invalid"]);
const unavailable = new Set([
  "cloud-not-running",
  "cloud-unreachable",
  "cloud-folder-in-use",
  "cloud-port-in-use",
  "folder-in-use",
  "queue-missing",
  "bucket-missing",
]);

/** Runs a command; what it throws becomes one message on stderr and an exit code. */
export async function exitCodeOf(name: string, run: () => Promise<unknown>): Promise<number> {
  try {
    await run();
    return 0;
  } catch (error) {
    // Commander has printed its own message; --help ends with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    const code = codeOf(error);
    const text = code === "config-invalid" && error instanceof Error ? error.message : reasonOf(error);
    process.stderr.write(`${name}: ${text}${code === undefined ? "" : ` [${code}]`}\n`);
    if (code !== undefined && usage.has(code)) return USAGE;
    return code !== undefined && unavailable.has(code) ? UNAVAILABLE : FAILED;
  }
}
