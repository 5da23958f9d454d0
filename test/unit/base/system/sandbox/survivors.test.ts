import { chmod, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createProcesses } from "../../../../../base/system/processes.ts";
import { removeTree } from "../../../../../base/system/remove.ts";
import { allProcesses, descendantsOf } from "../../../../../base/system/sandbox/proc.ts";
import { fifo } from "../../../../support/fixture-program.ts";
import { openJobs, runningWith, until, workingKinds } from "./job.ts";

/** An argument that no other process of this machine has. */
const seldom = () => `${600 + Math.random()}${process.pid}`;

describe.each(await workingKinds())("%s", (kind) => {
  test("leaves no orphan in a session of its own without descriptors, environment or folder", async () => {
    const { job, sandbox } = await openJobs(kind);
    const word = seldom();
    const { stdout } = await (await job()).run(["daemon.sh", word], { maxProcesses: 200 });
    expect(stdout).toBe("left\n"); // it was there
    if (kind === "process-group" && sandbox.users === undefined) return; // announced: nothing is left to know it by
    expect(runningWith(word)).toEqual([]);
  });

  test("leaves no grandchild that keeps stdout open, and does not wait for it", async () => {
    const { job } = await openJobs(kind);
    const child = await (await job()).start(["escape.sh"]);
    const before = performance.now();
    expect(await child.exited).toMatchObject({ code: 0 });
    expect(performance.now() - before).toBeLessThan(5_000); // not the sixty seconds of the grandchild
    expect(descendantsOf(child.pid)).toEqual([]);
  });

  test("ends a program that ignores SIGTERM", async () => {
    const { job } = await openJobs(kind);
    const { work, start } = await job();
    const pipe = fifo(work);
    await chmod(pipe.path, 0o666); // the program runs as a user of its own
    const child = await start(["unkillable.sh", pipe.path]);
    expect(await pipe.read()).toBe("ready\n");
    child.kill("SIGTERM");
    expect(await pipe.read()).toBe("told\n");
    child.kill("SIGKILL");
    await child.exited;
    expect(runningWith(pipe.path)).toEqual([]);
  });

  test("bounds a fork bomb, and ends it", async () => {
    const { job, sandbox } = await openJobs(kind);
    const { start, folder } = await job();
    const word = seldom();
    const child = await start(["fork-bomb.sh", word], { maxProcesses: 60 });
    const inside = () => descendantsOf(child.pid).length;
    await until(() => inside() >= 20);
    const counted = [];
    for (let n = 0; n < 20; n++) {
      counted.push(inside());
      await new Promise((resolve) => setImmediate(resolve));
    }
    // bubblewrap and unshare are two more; where there is no user of its own, others of the same user count.
    if (sandbox.users !== undefined) expect(Math.max(...counted)).toBeLessThanOrEqual(64);
    child.kill("SIGKILL");
    await child.exited;
    expect(runningWith(word)).toEqual([]);
    expect(runningWith(folder)).toEqual([]);
  });

  test("says how the program ended", async () => {
    const { job } = await openJobs(kind);
    const { run } = await job();
    expect(await run(["exit.sh", "0"])).toMatchObject({ code: 0, signal: null });
    expect(await run(["exit.sh", "7"])).toMatchObject({ code: 7, signal: null });
    expect(await run(["die.sh", "SEGV"])).toMatchObject({ code: null, signal: "SIGSEGV" });
    expect(await run(["die.sh", "KILL"])).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test("bounds stdout and says that it was cut", async () => {
    const { job } = await openJobs(kind);
    const { stdout, stdoutTruncated } = await (await job()).run(["flood.sh", "5000000"]);
    expect(stdout).toHaveLength(1_000_000);
    expect(stdoutTruncated).toBe(true);
  });

  test("ends a program that nests folders without end, and its files can be removed", async () => {
    const { job } = await openJobs(kind);
    const { run, folder } = await job();
    expect(await run(["bury.sh"])).toMatchObject({ exceeded: "disk" });
    await removeTree(folder);
    await expect(writeFile(`${folder}/x`, "")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("gives no users twice at a time, and takes them back", async () => {
    const { job, sandbox } = await openJobs(kind);
    if (sandbox.users === undefined) return;
    const ownersOf = async (count: number) => {
      const jobs = await Promise.all(Array.from({ length: count }, job));
      const children = await Promise.all(jobs.map((it) => it.start(["/bin/sleep", "60"])));
      const owners = await Promise.all(jobs.map(async ({ work }) => (await stat(work)).uid));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((it) => it.exited));
      return owners.toSorted((a, b) => a - b);
    };
    const first = await ownersOf(5);
    expect(new Set(first).size).toBe(5);
    expect(first).not.toContain(0);
    expect(await ownersOf(5)).toEqual(first);
    const groups = await (await job()).run(["/usr/bin/id", "-G"]);
    expect(first).toContain(Number(groups.stdout));
  });

  test("a program that is not there is an error with a code", async () => {
    const { job } = await openJobs(kind);
    const { run } = await job();
    await expect(run(["/nowhere/program"])).rejects.toMatchObject({ code: "ENOENT" });
    await expect(run([import.meta.filename])).rejects.toMatchObject({ code: "EACCES" });
  });
});

test("processes that were there before are still there", async () => {
  expect(allProcesses()).toContain(process.pid);
  const child = await createProcesses().spawn(["/bin/true"], {
    cwd: "/",
    env: {},
    maxStdoutBytes: 0,
    maxStderrBytes: 0,
  });
  expect(await child.exited).toMatchObject({ code: 0 });
});
