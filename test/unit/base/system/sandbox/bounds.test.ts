import { describe, expect, test } from "vitest";
import { folderUse } from "../../../../../base/system/sandbox/usage.ts";
import { program } from "../../../../support/fixture-program.ts";
import { openJobs, workingKinds } from "./job.ts";

const MIB = 2 ** 20;

describe.each(await workingKinds())("%s", (kind) => {
  test("ends a program that fills the disk with files", async () => {
    const { job } = await openJobs(kind);
    const { run, work } = await job();
    const exit = await run(["fill.sh", work], { maxDiskBytes: 40 * MIB });
    expect(exit).toMatchObject({ exceeded: "disk" });
  });

  test("ends a program that fills the disk with files that no listing shows", async () => {
    const { job } = await openJobs(kind);
    const exit = await (
      await job()
    ).run([process.execPath, program("fill-nameless.mjs")], {
      maxDiskBytes: 40 * MIB,
    });
    expect(exit).toMatchObject({ exceeded: "disk" });
  });

  test("a single file ends at the limit", async () => {
    const { job } = await openJobs(kind);
    const { run, work } = await job();
    const exit = await run(["/usr/bin/head", "-c", String(64 * MIB), "/dev/zero"], { maxDiskBytes: 8 * MIB });
    expect(exit).toMatchObject({ code: 0 }); // stdout is no file
    const script = 'head -c 67108864 /dev/zero >"$1/file"; true';
    await run(["/bin/sh", "-c", script, "sh", work], { maxDiskBytes: 8 * MIB });
    expect((await folderUse([work])).bytes).toBeLessThanOrEqual(9 * MIB);
  });

  test("sees too much at the end of a program that is faster than the watch", async () => {
    const { job } = await openJobs(kind);
    const { run, work } = await job();
    const script = 'for n in 1 2 3; do head -c 4194304 /dev/zero >"$1/$n"; done';
    expect(await run(["/bin/sh", "-c", script, "sh", work], { maxDiskBytes: 6 * MIB })).toMatchObject({
      exceeded: "disk",
    });
    expect(await (await job()).run(["exit.sh", "0"])).not.toHaveProperty("exceeded");
  });

  test("ends a program that takes too much memory", async () => {
    const { job } = await openJobs(kind);
    const argv = [process.execPath, program("eat.mjs"), "1024"];
    const exit = await (await job()).run(argv, { maxMemoryBytes: 300 * MIB });
    expect(exit).toMatchObject({ exceeded: "memory" });
  });

  test("all processes together get no more memory than allowed", async () => {
    const { job } = await openJobs(kind);
    const argv = [process.execPath, program("eat.mjs"), "150"];
    const script = '"$@" & "$@" & "$@" & wait';
    const exit = await (
      await job()
    ).run(["/bin/sh", "-c", script, "sh", ...argv], {
      maxMemoryBytes: 400 * MIB,
    });
    expect(exit).toMatchObject({ exceeded: "memory" });
  });
});
