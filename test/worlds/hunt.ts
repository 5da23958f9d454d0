import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type Mutant, readMutants } from "./mutants.ts";

/** Random worlds within which every bug must be found. */
const SEEDS = 2_000;
/** A bug that makes the code spin is caught by the clock. */
const LIMIT_MS = 300_000;

interface Caught {
  mutant: Mutant;
  /** The world that broke an invariant; undefined when none did. */
  where: string | undefined;
  problem: string;
}

/**
 * Plants every bug of mutants.json, one at a time, into the code of a process of its own, and plays random worlds until one
 * breaks. Resolves to the exit code: 0 when all were caught.
 */
export async function huntMutants(json: boolean, only?: string): Promise<number> {
  const mutants = readMutants().filter((it) => only === undefined || it.id === only);
  const stale = mutants.filter((it) => !applies(it));
  for (const { id, file } of stale) process.stderr.write(`✗ ${id} does not apply to ${file} any more\n`);
  if (stale.length > 0) return 1;
  const waiting = [...mutants];
  const results: Caught[] = [];
  const hunter = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const caught = await hunt(next);
      results.push(caught);
      if (!json) process.stdout.write(`${lineOf(caught)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, hunter));
  const free = results.filter((it) => it.where === undefined);
  if (json)
    process.stdout.write(
      `${JSON.stringify(results.map(({ mutant: { id }, where, problem }) => ({ id, where, problem })))}\n`,
    );
  else process.stdout.write(`${results.length - free.length} of ${results.length} planted bugs caught\n`);
  return free.length === 0 ? 0 : 1;
}

function applies({ file, find }: Mutant): boolean {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").split(find).length === 2;
}

function lineOf({ mutant, where, problem }: Caught): string {
  const { id, sentence } = mutant;
  return where === undefined
    ? `✗ NOT CAUGHT  ${id}: ${sentence}`
    : `✓ ${id}: ${sentence} — ${where}: ${problem}`;
}

async function hunt(mutant: Mutant): Promise<Caught> {
  const child = spawn(
    process.execPath,
    [
      new URL("./main.ts", import.meta.url).pathname,
      "--mutant",
      mutant.id,
      ...(mutant.by === "schedules" ? ["--faults", "1"] : ["--seeds", String(SEEDS)]),
      "--json",
    ],
    { stdio: ["ignore", "pipe", "ignore"], timeout: LIMIT_MS, killSignal: "SIGKILL" },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("close", (...how) => resolve(how));
  });
  if (signal !== null) return { mutant, where: "the clock", problem: `it never came to an end (${signal})` };
  if (said === "")
    return { mutant, where: undefined, problem: `the worlds could not be played (exit ${code})` };
  const { broken } = JSON.parse(said) as { broken: { what: string; problems: string[] }[] };
  return { mutant, where: broken[0]?.what, problem: broken[0]?.problems[0] ?? "" };
}
