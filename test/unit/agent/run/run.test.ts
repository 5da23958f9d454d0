import { describe, expect, onTestFinished, test } from "vitest";
import { runProgram } from "../../../../agent/run/run.ts";
import { systemProcesses } from "../../../../base/system/processes.ts";
import type { ServiceManifest } from "../../../../schemas/service.ts";
import { fifo, gone, program } from "../../../support/fixture-program.ts";
import { manifestOf } from "../../../support/manifest.ts";
import { createSimClock } from "../../../support/sim-clock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

/** Starts a real program under a clock that the test moves. */
async function start(argv: readonly string[], manifest: ServiceManifest = manifestOf(), limitS = 60) {
  const clock = createSimClock();
  const controller = new AbortController();
  const place = { cwd: await tempFolder(), env: { PATH: "/usr/bin:/bin" } };
  const tools = { clock, processes: systemProcesses };
  const outcome = runProgram(tools, argv, place, manifest, limitS, controller.signal);
  outcome.catch(() => undefined);
  onTestFinished(() => controller.abort(new Error("the test is over")));
  return { clock, outcome, controller };
}

const run = async (argv: readonly string[], manifest?: ServiceManifest) =>
  await (
    await start(argv, manifest)
  ).outcome;

describe("a program", () => {
  test("that ends well gives its stdout", async () => {
    const outcome = await run([program("show.sh"), "one", "two"]);
    if (!outcome.ok) throw new Error(outcome.failure.message);
    expect(Buffer.from(outcome.stdout).toString()).toMatch(/^\[one\]\n\[two\]\n/);
    expect(outcome.truncated).toBe(false);
  });

  test("that fails says so with its exit code and its last words", async () => {
    expect(await run([program("exit.sh"), "3", "opening\\ncannot read the film\\n"])).toMatchObject({
      ok: false,
      failure: {
        code: "program-failed",
        message: "The program ended with exit code 3. It last said: cannot read the film",
      },
    });
  });

  test("cannot smuggle terminal escapes or line breaks into the sentence", async () => {
    const outcome = await run([program("exit.sh"), "1", "a\\033[31mred\\r\\007\\0302\\0233Jb\\n"]);
    if (outcome.ok) throw new Error("It failed.");
    expect(outcome.failure.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(outcome.failure.message).toContain("red");
  });

  test("that says very much is quoted briefly", async () => {
    const outcome = await run([program("exit.sh"), "1", `${"x".repeat(5_000)}\\n`]);
    if (outcome.ok) throw new Error("It failed.");
    expect(outcome.failure.message.length).toBeLessThan(400);
  });

  test.each(["SEGV", "KILL", "ABRT"])("that dies of SIG%s was killed", async (signal) => {
    const outcome = await run([program("die.sh"), signal]);
    expect(outcome).toMatchObject({ ok: false, failure: { code: "program-killed" } });
    if (!outcome.ok) expect(outcome.failure.message).toContain(`SIG${signal}`);
  });

  test("that is not there is missing, and named", async () => {
    const outcome = await run(["/nowhere/analyze"]);
    expect(outcome).toMatchObject({ ok: false, failure: { code: "program-missing" } });
    if (!outcome.ok) expect(outcome.failure.message).toContain("/nowhere/analyze");
  });

  test("says by a declared exit code that its input is at fault", async () => {
    const manifest = manifestOf({ inputFaultExitCodes: [65] });
    expect(await run([program("exit.sh"), "65", "no film\\n"], manifest)).toMatchObject({
      failure: { code: "input-unusable", message: expect.stringContaining("no film") as string },
    });
    expect(await run([program("exit.sh"), "66"], manifest)).toMatchObject({
      failure: { code: "program-failed" },
    });
  });

  test("that floods stdout is bounded, flagged and not harmed", async () => {
    const outcome = await run([program("flood.sh"), "3000000"], manifestOf({ result: { maxBytes: 1_000 } }));
    expect(outcome).toMatchObject({ ok: true, truncated: true });
    if (outcome.ok) expect(outcome.stdout.byteLength).toBe(1_000);
  });
});

const json = (maxBytes = 1_000) => manifestOf({ result: { kind: "json", maxBytes } });

describe("a program that promised JSON", () => {
  test("may write any JSON value", async () => {
    expect(await run(["/bin/echo", '{"faces": []}'], json())).toMatchObject({ ok: true });
  });

  test.each(["", "{", "{'a': 1}", "{} {}", "NaN"])("and wrote %j did not keep it", async (text) => {
    expect(await run(["/bin/echo", text], json())).toMatchObject({
      ok: false,
      failure: { code: "output-invalid" },
    });
  });

  test("and wrote invalid UTF-8 did not keep it", async () => {
    expect(await run(["/usr/bin/printf", '"\\377"'], json())).toMatchObject({
      failure: { code: "output-invalid" },
    });
  });

  test("of more than its limit wrote too much", async () => {
    expect(await run([program("flood.sh"), "2000"], json())).toMatchObject({
      failure: { code: "output-too-large" },
    });
  });
});

describe("the deadline", () => {
  test("asks a program to leave, and it may say goodbye", async () => {
    const pipe = fifo(await tempFolder());
    const { clock, outcome } = await start([program("graceful.sh"), pipe.path], undefined, 60);
    await pipe.read();
    await clock.advance(59_999);
    await clock.advance(1);
    expect(await outcome).toMatchObject({
      ok: false,
      failure: {
        code: "program-deadline",
        message: "The program was stopped after 60 s, its limit. It last said: was interrupted",
      },
      runS: 60,
    });
    expect(clock.timers).toBe(0);
  });

  test("ends a program that ignores SIGTERM five seconds later", async () => {
    const pipe = fifo(await tempFolder());
    const { clock, outcome } = await start([program("unkillable.sh"), pipe.path], undefined, 60);
    await pipe.read();
    await clock.advance(64_999);
    let ended = false;
    void outcome.finally(() => (ended = true));
    expect(await pipe.read()).toBe("told\n");
    expect(ended).toBe(false);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ failure: { code: "program-deadline" } });
  });

  test("ends the whole family", async () => {
    const pipe = fifo(await tempFolder());
    const { clock, outcome } = await start([program("family.sh"), pipe.path]);
    const pids = (await pipe.read()).trim().split(" ").map(Number);
    await clock.advance(60_000);
    await outcome;
    for (const pid of pids) await gone(pid);
  });

  test("leaves no timer after a program that ended in time", async () => {
    const { clock, outcome } = await start([program("exit.sh"), "0"]);
    await outcome;
    expect(clock.timers).toBe(0);
  });
});

describe("a lost lease", () => {
  test("ends the program at once, without grace, and its reason comes through", async () => {
    const pipe = fifo(await tempFolder());
    const { clock, outcome, controller } = await start([program("unkillable.sh"), pipe.path]);
    await pipe.read();
    controller.abort(new Error("lease lost"));
    await expect(outcome).rejects.toThrow("lease lost");
    expect(clock.monotonic()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test("before the start means no start", async () => {
    const clock = createSimClock();
    let started = 0;
    const processes = {
      spawn: (...args: Parameters<typeof systemProcesses.spawn>) => {
        started++;
        return systemProcesses.spawn(...args);
      },
    };
    const signal = AbortSignal.abort(new Error("lease lost"));
    const place = { cwd: await tempFolder(), env: {} };
    const outcome = runProgram({ clock, processes }, ["/bin/true"], place, manifestOf(), 60, signal);
    await expect(outcome).rejects.toThrow("lease lost");
    expect(started).toBe(0);
  });
});
