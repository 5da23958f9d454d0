import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { mkdir, open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../../base/system/clock.ts";
import { removeTree } from "../../../base/system/remove.ts";
import { allProcesses, descendantsOf, startedWith } from "../../../base/system/sandbox/proc.ts";
import { endAll, signal } from "../../../base/system/sandbox/survivors.ts";
import { initScript, SHUTDOWN_NAMES, shutdownScript } from "./init-script.ts";
import type { RecordedProcess } from "./instance-table.ts";
import { bootId, startTicks } from "./process-facts.ts";

/** Where instances live and what they are told of the cloud. */
export interface Site {
  /** Each instance has a folder of its own in here. */
  folder: string;
  /** The cloud's address. */
  endpoint: string;
}

/** A process tree that stands for a machine. */
export interface Machine {
  readonly process: RecordedProcess;
  /** Settles when its first process has ended; what it left may still run. */
  readonly ended: Promise<void>;
  /** The power button: the machine's script is asked to end, a second time more firmly. */
  press(): void;
  /** Ends every process of it and removes its folder. */
  destroy(): Promise<void>;
}

/** Known by it, in the environment of whatever an instance starts. */
const MARK = "EC2_INSTANCE_FOLDER";
/** A cloud that was killed and is started again within this time finds its instances as they were. */
const ORPHANED_S = 60;
const WATCH_MS = 200;

export const folderOf = (site: Site, id: string) => join(site.folder, id);
const cloudFile = (site: Site) => join(site.folder, "cloud");

/** Tells instances which process is their cloud. */
export async function signSite(site: Site): Promise<void> {
  await mkdir(site.folder, { recursive: true, mode: 0o700 });
  await writeFile(cloudFile(site), `${process.pid} ${startTicks(process.pid) ?? ""}\n`, { mode: 0o600 });
}

/** The script that a machine was started with, unpacked as cloud-init would; undefined when it is none. */
export function scriptOf(userData: string | null): string | undefined {
  if (userData === null) return undefined;
  const bytes = Buffer.from(userData, "base64");
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isPacked ? gunzipSync(bytes) : bytes).toString();
  return text.startsWith("#!") ? text : undefined;
}

/** Starts an instance's processes in a fresh folder. */
export async function startMachine(
  site: Site,
  {
    id,
    script,
    metadata,
  }: { id: string; script: string | undefined; metadata: { endpoint: string; port: number } },
): Promise<Machine> {
  const folder = folderOf(site, id);
  await removeTree(folder);
  await mkdir(join(folder, "bin"), { recursive: true, mode: 0o700 });
  if (script !== undefined) await writeFile(join(folder, "user-data"), script, { mode: 0o700 });
  await writeFile(join(folder, "init.sh"), initScript, { mode: 0o700 });
  for (const name of SHUTDOWN_NAMES)
    await writeFile(join(folder, "bin", name), shutdownScript(folder), { mode: 0o700 });
  await using console = await open(join(folder, "console.log"), "a", 0o600);
  const child = spawn("bash", [join(folder, "init.sh"), folder, cloudFile(site), String(ORPHANED_S)], {
    cwd: folder,
    env: {
      PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
      HOME: folder,
      [MARK]: `${folder}/`,
      AWS_ENDPOINT_URL: site.endpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.endpoint,
    },
    stdio: ["ignore", console.fd, console.fd],
    detached: true, // Ctrl-C is for the cloud to act on
  });
  const ended = endOf(child);
  await started(child);
  const pid = child.pid ?? 0;
  const recorded = {
    pid,
    startTicks: startTicks(pid) ?? "",
    bootId: bootId(),
    metadataPort: metadata.port,
    endpoint: site.endpoint,
  };
  return machineOf(site, id, recorded, ended);
}

/** The machine that an earlier cloud has started; undefined when it is gone, or was told of another cloud. */
export function findMachine(site: Site, id: string, recorded: RecordedProcess): Machine | undefined {
  const { pid, endpoint } = recorded;
  if (endpoint !== site.endpoint || !lives(recorded)) return undefined;
  const ended = (async () => {
    while (startTicks(pid) === recorded.startTicks) await systemClock.sleep(WATCH_MS);
  })();
  return machineOf(site, id, recorded, ended);
}

/** Ends what an earlier cloud has left of an instance. */
export async function clearAway(site: Site, id: string): Promise<void> {
  const folder = folderOf(site, id);
  await endAll(() => membersOf(folder));
  await removeTree(folder);
}

/** Instances of which something is on the disk. */
export async function foldersIn(site: Site): Promise<string[]> {
  const entries = await readdir(site.folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((it) => it.isDirectory()).map((it) => it.name);
}

const lives = ({ pid, startTicks: since, bootId: boot }: RecordedProcess) =>
  boot === bootId() && startTicks(pid) === since;

function machineOf(site: Site, id: string, recorded: RecordedProcess, ended: Promise<void>): Machine {
  const folder = folderOf(site, id);
  return {
    process: recorded,
    ended,
    press: () => {
      if (lives(recorded)) signal(recorded.pid, "SIGTERM");
    },
    destroy: async () => {
      // By descent too: what cleared its environment and went elsewhere is still somebody's child.
      await endAll(() => membersOf(folder, lives(recorded) ? recorded.pid : undefined));
      await removeTree(folder);
    },
  };
}

/**
 * The processes of an instance: what descends from its first one, has its mark, or works in its folder, or writes there.
 * Only what has shaken off all four is missed; there is no other trace without rights that not everybody has.
 */
function membersOf(folder: string, root?: number): number[] {
  const tree = new Set(root === undefined ? [] : [root, ...descendantsOf(root)]);
  return allProcesses().filter(
    (pid) =>
      pid !== process.pid &&
      (tree.has(pid) || startedWith(pid, `${MARK}=${folder}/`) || isBound(pid, folder)) &&
      startTicks(pid) !== undefined,
  );
}

/** Whether its working folder, or what it writes to, lies in a folder. */
function isBound(pid: number, folder: string): boolean {
  return ["cwd", "fd/1", "fd/2"].some((link) => {
    try {
      return `${readlinkSync(`/proc/${pid}/${link}`)}/`.startsWith(`${folder}/`);
    } catch {
      return false; // gone, or another user's
    }
  });
}

async function endOf(child: ChildProcess): Promise<void> {
  await Promise.race([once(child, "exit"), once(child, "error")]).catch(() => undefined);
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    if (child.pid !== undefined) return resolve();
    child.once("error", reject);
  });
}
