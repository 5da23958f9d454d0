import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemProcesses } from "../../../../../base/system/processes.ts";
import { program } from "../../../../support/fixture-program.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";
import { openJobs, textOf, workingKinds } from "./job.ts";

const kinds = await workingKinds();

/** A server on this machine, and how many it was reached by. */
async function listen() {
  let reached = 0;
  const server = createServer((socket) => {
    reached++;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: String((server.address() as AddressInfo).port), reached: () => reached };
}

async function unconfined(argv: readonly string[]) {
  const cwd = await tempFolder();
  const options = { cwd, env: { PATH: "/usr/bin:/bin" }, maxStdoutBytes: 1e7, maxStderrBytes: 1_000 };
  const child = await systemProcesses.spawn(argv, options);
  return textOf(await child.exited);
}

/** Secrets in another process' environment, in its arguments, in a file, and in another job's folder. */
async function plant(workDir: string) {
  const [environment, argument, file, job] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const child = await systemProcesses.spawn(["/bin/sh", "-c", "sleep 60; exit", argument], {
    cwd: workDir,
    env: { AWS_SECRET_ACCESS_KEY: environment, PATH: "/bin" },
    maxStdoutBytes: 0,
    maxStderrBytes: 0,
  });
  onTestFinished(() => child.kill("SIGKILL"));
  const other = `${workDir}/jobs/${randomUUID()}`;
  await mkdir(`${other}/work`, { recursive: true });
  await writeFile(`${other}/work/result`, job);
  await writeFile(`${workDir}/secret`, file, { mode: 0o600 });
  return {
    secrets: { environment, argument, file, job },
    paths: [workDir, `${workDir}/secret`, `${other}/work/result`],
  };
}

test("the spy sees everything where nothing confines it, or the tests below would prove nothing", async () => {
  const { secrets, paths } = await plant(await tempFolder());
  const { stdout } = await unconfined([program("spy.sh"), ...paths]);
  for (const secret of Object.values(secrets)) expect(stdout).toContain(secret);
});

/**
 * Where the agent is not root, the sandbox's first process is the program's own user: it may look at it, and finds its own
 * environment and root; its signal is taken and has no effect, or the attempts would not be over.
 */
const HARMLESS_AS_THE_SAME_USER = new Set(
  process.getuid?.() === 0 ? [] : ["worked: kill-init", "worked: trace-init", "worked: init-root"],
);

describe.runIf(kinds.includes("bubblewrap"))("in bubblewrap", () => {
  test("a program learns nothing of other processes, jobs, files and accounts", async () => {
    const { job, workDir } = await openJobs("bubblewrap");
    const { secrets, paths } = await plant(workDir);
    process.env["DROVER_SECRETS_PLANTED"] = secrets.environment;
    onTestFinished(() => void delete process.env["DROVER_SECRETS_PLANTED"]);
    const { stdout } = await (await job()).run(["spy.sh", ...paths]);
    expect(stdout).toContain("the spy is done");
    for (const secret of Object.values(secrets)) expect(stdout).not.toContain(secret);
    expect(stdout).not.toMatch(/root:/);
  });

  test("a program gets no descriptor that the agent got from whoever started it", async () => {
    const { job } = await openJobs("bubblewrap");
    const { stdout } = await (await job()).run(["/bin/ls", "-l", "/proc/self/fd"]);
    const open = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].map(([, fd, what]) => [fd, what]);
    expect(open.length).toBeGreaterThan(2);
    for (const [fd, what] of open) if (Number(fd) > 2) expect(what).toMatch(/^\/dev\/null$|^\/proc\//);
  });

  test("no attempt to get out works", async () => {
    const { job } = await openJobs("bubblewrap");
    const { stdout } = await (await job()).run(["escape-attempts.sh"]);
    const worked = stdout.split("\n").filter((it) => !HARMLESS_AS_THE_SAME_USER.has(it));
    expect(worked).toEqual(["the attempts are over", ""]);
  });

  test("a program reads its input, and changes neither it nor its service", async () => {
    const { job } = await openJobs("bubblewrap");
    const { run, folder, work } = await job();
    const [input, service] = [`${folder}/input.txt`, `${folder}-service`];
    await writeFile(input, "the input", { mode: 0o600 });
    await mkdir(service);
    await writeFile(`${service}/tool`, "the tool");
    const script =
      'cat "$1" "$2/tool"; echo x >"$1"; echo x >"$2/tool"; rm -f "$1" "$2/tool"; echo kept >"$3/out"; cat "$1"';
    const bounds = { input, readable: [service] };
    const { stdout } = await run(["/bin/sh", "-c", script, "sh", input, service, work], bounds);
    expect(stdout).toBe("the inputthe toolthe input");
  });

  test("the loader's variables reach the program, and not what sets up its sandbox", async () => {
    const { job } = await openJobs("bubblewrap");
    const { run, work } = await job();
    const { code, stdout } = await run(["/bin/sh", "-c", "echo $LD_LIBRARY_PATH"], {
      env: { LD_LIBRARY_PATH: work },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${work}\n` });
  });
});

describe.each(kinds)("%s", (kind) => {
  test("a program without network reaches no server, no metadata; one with network does", async () => {
    if (kind === "process-group") return; // announced: it has the machine's network
    const { job } = await openJobs(kind);
    const { port, reached } = await listen();
    const argv = [process.execPath, program("reach.mjs"), "127.0.0.1", port, "169.254.169.254", "80"];
    const without = await (await job()).run(argv);
    expect(without.stdout).toMatch(/^127\.0\.0\.1 E[A-Z]+\n169\.254\.169\.254 E[A-Z]+\n$/);
    expect(reached()).toBe(0);
    const allowed = await (await job()).run(argv.slice(0, 4), { network: true });
    expect(allowed.stdout).toBe("127.0.0.1 reached\n");
    expect(reached()).toBe(1);
  });

  test("a program has no rights to gain, and no user of the machine's", async () => {
    const { job, sandbox } = await openJobs(kind);
    const { stdout } = await (await job()).run(["/bin/cat", "/proc/self/status"]);
    expect(stdout).toMatch(/^NoNewPrivs:\t1$/m);
    expect(stdout).toMatch(/^CapEff:\t0+$/m);
    expect(stdout).toMatch(/^CapPrm:\t0+$/m);
    const [, uid] = /^Uid:\t(\d+)/m.exec(stdout) ?? [];
    if (process.getuid?.() === 0) expect(sandbox.users?.has(Number(uid))).toBe(true);
  });

  test("another job's files are closed to a program with a user of its own", async () => {
    const { job, workDir, sandbox } = await openJobs(kind);
    if (sandbox.users === undefined) return;
    const other = await job();
    await other.run(["/bin/sh", "-c", "echo mine >secret"]);
    const { stdout } = await (
      await job()
    ).run(["spy.sh", workDir, `${workDir}/jobs`, `${other.work}/secret`]);
    expect(stdout).toContain("the spy is done");
    expect(stdout).not.toContain("mine");
  });
});
