import { describe, expect, test } from "vitest";
import { systemProcesses } from "../../../../base/system/processes.ts";
import { endAfterTest, fifo, gone, isRunning, program } from "../../../support/fixture-program.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PATH = "/usr/bin:/bin";

async function start(argv: readonly string[], limits: { stdout?: number; stderr?: number } = {}) {
  const { stdout: maxStdoutBytes = 100_000, stderr: maxStderrBytes = 1_000 } = limits;
  const cwd = await tempFolder();
  return await systemProcesses.spawn(argv, { cwd, env: { PATH }, maxStdoutBytes, maxStderrBytes });
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe("a child process", () => {
  test("gets its arguments untouched, its folder, and nothing of our environment", async () => {
    const nasty = ["a b", "", "$(id)", "`id`", "*", "--", "-x", "\n", "ä", "'\""];
    const { exited } = await start([program("show.sh"), ...nasty]);
    const shown = text((await exited).stdout);
    for (const it of nasty) expect(shown).toContain(`[${it}]\n`);
    expect(shown).toMatch(/cwd=.*drover-test-/);
    expect(shown.split("\n").filter((it) => /^[A-Z_]+=/.test(it))).toEqual([`PATH=${PATH}`]);
  });

  test.each([0, 1, 7, 255])("reports exit code %s", async (code) => {
    const { exited } = await start([program("exit.sh"), String(code)]);
    expect(await exited).toMatchObject({ code, signal: null });
  });

  test.each(["SEGV", "KILL", "TERM"])("reports that SIG%s ended it", async (signal) => {
    const { exited } = await start([program("die.sh"), signal]);
    expect(await exited).toMatchObject({ code: null, signal: `SIG${signal}` });
  });

  test.each([
    ["/nowhere/program", "ENOENT"],
    ["no-such-program-on-the-path", "ENOENT"],
    [`${import.meta.dirname}/processes.test.ts`, "EACCES"],
  ])("that cannot be started is an error: %s", async (name, code) => {
    await expect(start([name])).rejects.toMatchObject({ code });
  });

  test("keeps the head of stdout and says that it was cut", async () => {
    const { exited } = await start([program("flood.sh"), "5000000"], { stdout: 1_000 });
    const { stdout, stdoutTruncated, stderrTail, code } = await exited;
    expect(stdout.byteLength).toBe(1_000);
    expect(stdoutTruncated).toBe(true);
    expect(code).toBe(0);
    expect(text(stderrTail)).toBe("the end\n");
  });

  test("an output of exactly the limit is whole", async () => {
    const { exited } = await start([program("flood.sh"), "1000"], { stdout: 1_000 });
    expect(await exited).toMatchObject({ stdoutTruncated: false });
  });

  test("keeps the tail of stderr", async () => {
    const { exited } = await start([program("noise.sh"), "500"], { stderr: 100 });
    const { stderrTail } = await exited;
    expect(stderrTail.byteLength).toBe(100);
    expect(text(stderrTail).endsWith("line 500 of the noise\n")).toBe(true);
  });
});

describe("a process group", () => {
  test("ends as a whole, children and grandchildren", async () => {
    const pipe = fifo(await tempFolder());
    const child = await start([program("family.sh"), pipe.path]);
    const pids = (await pipe.read()).trim().split(" ").map(Number);
    expect(pids).toHaveLength(2);
    child.kill("SIGKILL");
    expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
    for (const pid of pids) await gone(pid);
  });

  test("what a program leaves behind in its group ends with it, and does not delay the result", async () => {
    const { exited } = await start([program("orphan.sh")]);
    const pid = Number(text((await exited).stdout));
    expect(pid).toBeGreaterThan(1);
    await gone(pid);
  });

  test("killing one that is gone does nothing", async () => {
    const child = await start([program("exit.sh"), "0"]);
    await child.exited;
    expect(() => child.kill("SIGKILL")).not.toThrow();
  });
});

describe("a process that leaves the group and keeps stdout", () => {
  test("does not hang the result", async () => {
    const { exited } = await start([program("escape.sh")]);
    const { code, stdout } = await exited;
    const pid = Number(text(stdout));
    endAfterTest(pid);
    expect(code).toBe(0);
    expect(await isRunning(pid)).toBe(true); // else nothing kept the pipe and this test proves nothing
  });

  test("does not hang it either while it writes a little now and then", { timeout: 4_000 }, async () => {
    const { exited } = await start([program("escape.sh"), "0.05"]);
    const { code, stdout } = await exited;
    const pid = Number(/^\d+$/m.exec(text(stdout))?.[0]);
    endAfterTest(pid);
    expect(code).toBe(0);
    expect(pid).toBeGreaterThan(1);
  });
});
