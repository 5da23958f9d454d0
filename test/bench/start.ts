import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createProcesses } from "../../base/system/processes.ts";
import { openSandbox, type SandboxWish } from "../../base/system/sandbox/open.ts";
import { type Finding, median, round } from "./figures.ts";
import { SLOTS, type World } from "./world.ts";

const PROGRAM = "/bin/true";
const GOAL_MS = 15;
const WARM = 10;

interface Way {
  name: string;
  /** Resolves to the milliseconds from the start to the end of the last that is left of the program. */
  start: () => Promise<number>;
  close: () => void;
}

/**
 * Milliseconds from the wish to start a program to its end, one at a time and nothing prepared: in the sandbox, in the one
 * that `sandbox: none` leaves, and without any. In turn, so that all of them see the same machine.
 */
export async function measureStart(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const samples = quick ? 40 : 200;
  const ways = [await confined(world, "auto"), await confined(world, "none"), BARE];
  const found = ways.map((): number[] => []);
  for (let i = 0; i < WARM + samples; i++) {
    for (const [n, way] of ways.entries()) {
      const tookMs = await way.start();
      if (i >= WARM) found[n]?.push(tookMs);
    }
  }
  for (const way of ways) way.close();
  const [sandbox = 0, none = 0, bare = 0] = found.map((it) => round(median(it), 1));
  const [more, less] = [round(sandbox - bare, 1), round(none - bare, 1)];
  say(ways.map(({ name }, n) => `${name} ${round(median(found[n] ?? []), 1)} ms`).join(", "));
  return {
    rows: [
      {
        measure: "a program's start and end, longer than spawn alone",
        drover: `${more} ms, with sandbox none ${less} ms`,
        others: `spawn alone takes ${bare} ms`,
        goal: `≤ ${GOAL_MS} ms`,
      },
    ],
    data: { samples, medianMs: { sandbox, none, bare } },
  };
}

const BARE: Way = {
  name: "spawn alone",
  start: async () => {
    const from = performance.now();
    await once(spawn(PROGRAM, [], { stdio: "ignore" }), "exit");
    return performance.now() - from;
  },
  close: () => undefined,
};

async function confined({ folder: place }: World, wish: SandboxWish): Promise<Way> {
  const workDir = join(place, `start-${wish}`);
  await mkdir(join(workDir, "jobs"), { recursive: true });
  const sandbox = await openSandbox(wish, { workDir, node: process.execPath, slots: SLOTS });
  const processes = createProcesses(sandbox);
  let starts = 0;
  const start = async () => {
    const folder = join(workDir, "jobs", String(++starts));
    const work = join(folder, "work");
    await mkdir(work, { recursive: true });
    const from = performance.now();
    const child = await processes.spawn([PROGRAM], {
      cwd: work,
      env: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
      maxStdoutBytes: 1_024,
      maxStderrBytes: 1_024,
      bounds: {
        folder,
        writable: [work],
        readable: [],
        network: false,
        gpu: false,
        maxDiskBytes: 2 ** 30,
        maxProcesses: 100,
        maxCpuS: 60,
      },
    });
    const { code, stderrTail } = await child.exited;
    const tookMs = performance.now() - from;
    if (code !== 0) throw new Error(`The sandbox failed: ${Buffer.from(stderrTail).toString()}`);
    await rm(folder, { recursive: true });
    return tookMs;
  };
  return { name: sandbox.kind, start, close: () => sandbox.close?.() };
}
