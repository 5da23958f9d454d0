import { execFile } from "node:child_process";
import { availableParallelism, setPriority } from "node:os";
import { promisify } from "node:util";

/** What a run of worlds prints with --json. */
export interface Report {
  worlds: number;
  fired: readonly number[];
  missing: readonly number[];
  broken: readonly { what: string; problems: readonly string[] }[];
}

const MAIN = new URL("./main.ts", import.meta.url).pathname;

/** Worlds take what the processors have left: whatever else is tested waits for real time. */
const PATIENT = 10;

/** Plays worlds in a process of its own, which imports the product's code as it lies here. */
export async function play(...args: string[]): Promise<Report> {
  try {
    const run = promisify(execFile);
    const playing = run(process.execPath, [MAIN, ...args, "--json"], { maxBuffer: 2 ** 28 });
    if (playing.child.pid !== undefined) setPriority(playing.child.pid, PATIENT);
    const { stdout } = await playing;
    return JSON.parse(stdout) as Report;
  } catch (error) {
    // It exits 1 when something broke, and says what.
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined || stdout === "") {
      throw new Error(`The worlds could not be played: ${stderr}`, { cause: error });
    }
    return JSON.parse(stdout) as Report;
  }
}

const PROCESSORS = Math.max(2, availableParallelism());

/**
 * The same in shares, as many at a time as there are processors, added up. The last share begins first.
 * @param shares as many as there are processors, when nothing is said
 */
export async function playInShares(
  args: readonly string[],
  { shares = PROCESSORS, onPlayed }: { shares?: number; onPlayed?: (share: Report) => void } = {},
): Promise<Report> {
  const reports: Report[] = [];
  let left = shares;
  const player = async () => {
    while (left > 0) {
      const report = await play(...args, "--part", `${left--}/${shares}`);
      reports.push(report);
      onPlayed?.(report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(PROCESSORS, shares) }, player));
  const fired = new Set(reports.flatMap((it) => it.fired));
  const everyFault = reports.flatMap((it) => [...it.fired, ...it.missing]);
  return {
    worlds: reports.reduce((sum, it) => sum + it.worlds, 0),
    fired: [...fired].toSorted((a, b) => a - b),
    missing: [...new Set(everyFault)].filter((it) => !fired.has(it)),
    broken: reports.flatMap((it) => it.broken),
  };
}
