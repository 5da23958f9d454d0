import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { PreparedRoot } from "../../../../../base/system/sandbox/prepared-root.ts";
import { STARTER_SCRIPT } from "../../../../../base/system/sandbox/starter-script.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";
import { openJobs, workingKinds } from "./job.ts";

const BOUNDS = {
  folder: "/var/lib/drover/jobs/one",
  writable: [],
  readable: [],
  network: false,
  gpu: false,
  maxDiskBytes: 1,
  maxProcesses: 1,
  maxCpuS: 1,
};

async function prepared() {
  const folder = await tempFolder();
  const [file, jobs] = [`${folder}/a file`, `${folder}/jobs`];
  writeFileSync(file, "old");
  mkdirSync(jobs);
  const root = new PreparedRoot(folder, { folders: ["/etc"], shown: [file], links: [] });
  root.make();
  return { folder, file, root, bounds: { ...BOUNDS, folder: `${jobs}/one` } };
}

test("not for a program that sees more of the system, nor for what has no place in it", async () => {
  const { root, bounds } = await prepared();
  expect(root.shows(bounds)).toBe(true);
  expect(root.shows({ ...bounds, network: true })).toBe(false);
  expect(root.shows({ ...bounds, gpu: true })).toBe(false);
  expect(root.shows({ ...bounds, readable: ["/etc/hostname"] })).toBe(false);
  expect(root.shows({ ...bounds, readable: ["/nowhere/at/all"] })).toBe(false);
});

test("for nobody any more once a file of the system was replaced, until it is made anew", async () => {
  const { root, bounds, file } = await prepared();
  writeFileSync(`${file}.new`, "new");
  renameSync(`${file}.new`, file);
  expect(root.shows(bounds)).toBe(false);
  root.make();
  expect(root.shows(bounds)).toBe(true);
  rmSync(file);
  expect(root.shows(bounds)).toBe(false);
});

test("what is to be mounted may have blanks in its name", async () => {
  const { root, folder } = await prepared();
  const [mount] = readFileSync(`${root.folder}/fstab`, "utf8").split("\n");
  const name = "a\\040file";
  expect(mount).toBe(`${folder}/${name} ${root.root}${folder}/${name} none rbind,ro,nosuid,nodev 0 0`);
});

/** Every file but those of the system's folders, which are the same mounts: path, kind, link. */
const LISTING = [
  ["/usr/bin/find", "/"],
  ["(", "-path", "/usr", "-o", "-path", "/proc", "-o", "-path", "/sys/devices/system/*/*", ")"],
  ["-prune", "-o", "-printf", "%p %y %l\\n"],
].flat();
/** What programs with network see besides, and what none may list. */
const BESIDES = /^\/etc\/(ssl|pki|ca-certificates|resolv\.conf|hosts|nsswitch\.conf|services)\b/;

describe.runIf((await workingKinds()).includes("bubblewrap"))("in bubblewrap", () => {
  /** Not below /tmp, where programs have a folder of their own anyway. */
  async function openPlace() {
    const place = await mkdtemp("/var/tmp/drover-test-");
    chmodSync(place, 0o711);
    onTestFinished(() => rm(place, { recursive: true, force: true }));
    const opened = await openJobs("bubblewrap", place);
    onTestFinished(() => opened.sandbox.close?.());
    return { place, ...opened };
  }

  test("a program finds what it finds in a root that is made for it alone", async () => {
    const { job } = await openPlace();
    const { run } = await job();
    const lines = ({ stdout }: { stdout: string }) =>
      stdout
        .split("\n")
        .filter((it) => !BESIDES.test(it))
        .toSorted();
    const readable = [process.execPath];
    const alone = await run(LISTING, { network: true, readable });
    const found = await run(LISTING, { readable });
    const hidden = found.stderr.split("\n").filter((it) => !it.endsWith("Permission denied"));
    expect(hidden).toEqual([""]);
    expect(lines(alone).length).toBeGreaterThan(30);
    const seen = new Set(lines(alone));
    expect(lines(found).filter((it) => !seen.has(it))).toEqual([]);
    for (const path of ["/bin l usr/bin", "/etc d ", "/dev/null c ", "/dev/pts d ", "/dev/shm d ", "/tmp d "])
      expect(lines(found)).toContain(path);
  });

  test("a program writes to its own folders alone, and sees no other service", async () => {
    const { job, place } = await openPlace();
    const services = [`${place}/services/one`, `${place}/services/two`];
    for (const it of services) {
      await mkdir(it, { recursive: true });
      await writeFile(`${it}/tool`, "the tool of one service");
    }
    const [one = "", two = ""] = services;
    await (await job()).run(["/bin/cat", `${two}/tool`], { readable: [two] });
    const { run, work, folder } = await job();
    const script = `cat "$1/tool"; "$5" -p 1; ls "$2" "$2/.." | grep two; for it in / /dev "$1" "$3" "$3/.." "$3/../.." "$4"; do
      touch "$it/new" && echo "$it"; done`;
    const { stdout } = await run(["/bin/sh", "-c", script, "sh", one, two, folder, work, process.execPath], {
      readable: [one, process.execPath],
    });
    expect(stdout.split("\n")).toEqual(["the tool of one service1", work, ""]);
  });

  test.runIf(process.getuid?.() === 0)("what could not be mounted is no root for anybody", async () => {
    const folder = await tempFolder();
    mkdirSync(`${folder}/pipes`);
    const root = new PreparedRoot(folder, { folders: [], shown: ["/etc/hostname"], links: [] });
    root.make();
    writeFileSync(`${root.folder}/fstab`, "/nowhere/at/all /nowhere/either none bind 0 0\n");
    const script = ["bash", "-c", STARTER_SCRIPT, "starter", `${folder}/pipes`, root.folder];
    const keeper = spawn("unshare", ["--pid", "--fork", "--mount-proc", "--", ...script]);
    onTestFinished(() => void keeper.kill("SIGKILL"));
    keeper.stdin.write("make 1\nexec 1\n");
    await vi.waitUntil(() => existsSync(`${root.folder}/unusable`), { timeout: 30_000 });
    expect(existsSync(root.root)).toBe(false);
  });

  test("what programs see is mounted nowhere else", async () => {
    const { place, job, sandbox } = await openPlace();
    const { run, work: cwd, folder } = await job();
    await run(["/bin/true"]);
    const options = { cwd, env: {}, maxStdoutBytes: 0, maxStderrBytes: 0, bounds: { ...BOUNDS, folder } };
    const words = sandbox.launch(["/bin/true"], options, sandbox.users === undefined ? undefined : 1).argv;
    if (sandbox.users !== undefined) expect(words).toContain(`${place}/root-of-programs/root`);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(place);
  });
});
