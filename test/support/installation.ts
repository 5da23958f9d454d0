import { type ChildProcess, spawn } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, vi } from "vitest";
import { systemFiles } from "../../base/system/files.ts";
import { fileEntries } from "../../bootstrap/release/artifact.ts";
import { type Channel, CHANNEL_KEY, type ReleaseRef, signChannel } from "../../bootstrap/release/channel.ts";
import { publicWord } from "../../bootstrap/release/keys.ts";
import { type ArchiveEntry, manifestText } from "../../bootstrap/release/manifest.ts";
import { filesBelow, pack } from "../../bootstrap/release/pack.ts";
import { ensureBucket } from "../../cloud/aws/provision.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { type RunningCloud, startCloud } from "../../cloud/local/server.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import { publishRelease } from "../../operator/deploy/publish.ts";

const BOOT = resolve(import.meta.dirname, "../../bootstrap/boot.sh");
/** S3 clients read their endpoint from the environment, so all machines of a test file share one cloud. */
let cloud: Promise<RunningCloud> | undefined;
let machines = 0;

/** An agent in a few lines of bash: ready at once, leaves when told. */
export const GOOD_AGENT = `trap 'exit 0' TERM
echo ready >"$DROVER_READY_FILE"
exec 7<> <(:)
while :; do read -r -t 0.05 -u 7; done`;

export interface Booted {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** A bucket in a real embedded cloud, and one machine that boot.sh brings up in a folder. */
export interface Installation {
  readonly home: string;
  readonly objects: Objects;
  readonly key: KeyObject;
  /**
   * Packs and uploads a release whose daemons are this bash script; its `$1` says which one. `tamper` may replace its
   * archive before it is hashed.
   */
  publish(
    version: string,
    agent?: string,
    tamper?: (archive: string, folder: string) => Promise<void>,
    daemons?: readonly string[],
  ): Promise<ReleaseRef>;
  /** Signs and writes the channel file. */
  point(release: ReleaseRef, changes?: Partial<Channel>, key?: KeyObject): Promise<void>;
  start(env?: Record<string, string>, verb?: string): ChildProcess;
  boot(env?: Record<string, string>): Promise<Booted>;
  /** The version that `current` links to, or undefined. */
  current(): Promise<string | undefined>;
  /** The versions of living daemons that were not told to leave. */
  running(): Promise<string[]>;
  /** The same with the daemon's name before each, agents first. */
  crew(): Promise<string[]>;
  /** Resolves when no daemon lives that is to leave. */
  left(): Promise<void>;
  problem(): Promise<string>;
  close(): Promise<void>;
}

export async function makeInstallation(): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), "drover-boot-"));
  const home = join(folder, "home");
  const bucket = `fleet-${++machines}`;
  cloud ??= openCloud();
  const { endpoint, credentials, region } = await cloud;
  const s3 = createS3Clients();
  await ensureBucket(s3, bucket);
  const objects = openBucket(s3, bucket);
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const environment = {
    PATH: process.env["PATH"] ?? "",
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    DROVER_BUCKET: bucket,
    DROVER_RELEASE_KEYS: publicWord(key),
    DROVER_HOME: home,
    DROVER_INSTANCE: "one",
    DROVER_SYSTEMD: "0",
    DROVER_HEALTH_TIMEOUT_S: "15",
  };
  let serial = 0;
  const started = new Set<ChildProcess>();

  const start = (env: Record<string, string> = {}, verb = "once"): ChildProcess => {
    const child = spawn("bash", ["-euo", "pipefail", BOOT, verb], {
      env: { ...environment, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // a session of its own, as a service has
    });
    started.add(child);
    return child;
  };
  return {
    home,
    objects,
    key,
    publish: (
      version,
      agent = GOOD_AGENT,
      tamper = async () => undefined,
      daemons = ["agent", "autoscaler"],
    ) => publish(objects, join(folder, "made", version), version, agent, tamper, daemons),
    point: async (release, changes = {}, signer = key) => {
      serial++;
      const expiresAtS = Math.floor(Date.now() / 1000) + 3_600;
      const channel = { serial, fleet: bucket, expiresAtS, release, previous: undefined, canary: undefined };
      await objects.put(CHANNEL_KEY, signChannel({ ...channel, ...changes }, signer));
    },
    start,
    boot: (env) => ended(start(env)),
    current: () =>
      readlink(join(home, "current")).then(
        (it) => it.replace("releases/", ""),
        () => undefined,
      ),
    running: async () => (await crew(home)).map((it) => it.version),
    left: async () => {
      const isEmpty = async () => (await agents(home, ["leaving"])).length === 0;
      await vi.waitUntil(isEmpty, { timeout: 30_000 });
    },
    crew: async () => (await crew(home)).map((it) => `${it.daemon} ${it.version}`),
    problem: () =>
      readFile(join(home, "state/problem"), "utf8").then(
        (it) => it.trim(),
        () => "",
      ),
    close: async () => {
      for (const child of started) child.kill("SIGKILL");
      for (const pid of await agents(home)) kill(pid);
      closeS3Clients(s3);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openCloud(): Promise<RunningCloud> {
  const opened = await startCloud({ dir: await mkdtemp(join(tmpdir(), "drover-boot-cloud-")) });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: opened.endpoint,
    AWS_ACCESS_KEY_ID: opened.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: opened.credentials.secretAccessKey,
    AWS_REGION: opened.region,
  });
  return opened;
}

afterAll(async () => {
  const opened = await cloud;
  if (opened === undefined) return;
  await opened.close();
  await rm(opened.dir, { recursive: true, force: true });
});

/** What boot.sh said, once it has ended; agents that it left behind hold its stderr open, so the exit counts. */
export async function ended(child: ChildProcess): Promise<Booted> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  child.stderr?.destroy();
  return { code, signal, stderr };
}

async function publish(
  objects: Objects,
  folder: string,
  version: string,
  agent: string,
  tamper: (archive: string, folder: string) => Promise<void>,
  daemons: readonly string[],
): Promise<ReleaseRef> {
  const boot = await readFile(BOOT, "utf8");
  await makeFile(`${folder}/own/dist/drover.mjs`, agent);
  await makeFile(`${folder}/own/bootstrap/boot.sh`, boot, 0o755);
  await makeFile(`${folder}/own/LICENSE`, `the license of ${version}`);
  await makeFile(`${folder}/node/runtime/node`, `#!/bin/bash\nexec /bin/bash "$@"\n`, 0o755);
  const files = await filesBelow(`${folder}/own`);
  const own = await packed(`${folder}/release.tar.gz`, () => pack(files, `${folder}/release.tar.gz`));
  await tamper(`${folder}/release.tar.gz`, `${folder}/own`);
  Object.assign(own, await packed(`${folder}/release.tar.gz`));
  const node = await pack(await filesBelow(`${folder}/node`), `${folder}/node.tar.gz`);
  const entries: ArchiveEntry[] = [
    { name: "release", arch: "any", key: `releases/${version}/release.tar.gz`, ...own, from: ".", into: "." },
    {
      name: "node",
      arch: process.arch === "arm64" ? "arm64" : "x64",
      key: `releases/artifacts/${node.sha256}.tar.gz`,
      ...node,
      from: "runtime",
      into: "runtime",
    },
  ];
  const manifest = {
    version,
    commit: "test",
    daemons,
    archives: entries,
    files: await fileEntries(files),
  };
  const [first, second] = entries;
  if (first === undefined || second === undefined) throw new Error("a release has two archives");
  return await publishRelease(
    { objects, files: systemFiles },
    {
      manifest,
      manifestText: manifestText(manifest),
      archives: [
        { entry: first, file: `${folder}/release.tar.gz` },
        { entry: second, file: `${folder}/node.tar.gz` },
      ],
    },
  );
}

async function makeFile(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, mode);
}

async function packed(path: string, make: () => Promise<unknown> = async () => undefined) {
  await make();
  const body = await readFile(path);
  return { sha256: createHash("sha256").update(body).digest("hex"), bytes: body.length };
}

const LANES = ["a", "b", "c", "d", "e", "f", "x", "y"];

async function crew(home: string): Promise<{ daemon: string; version: string }[]> {
  const all = await Promise.all(
    LANES.map(async (lane) => {
      const found = await agentOf(`${home}/lanes/${lane}/process`);
      const daemon = lane >= "x" ? "autoscaler" : "agent";
      return found === undefined ? [] : [{ daemon, version: found.version }];
    }),
  );
  return all.flat();
}

/** Those that work and those that leave. */
async function agents(home: string, names = ["process", "leaving"]): Promise<number[]> {
  const files = LANES.flatMap((lane) => names.map((name) => `${home}/lanes/${lane}/${name}`));
  const all = await Promise.all(files.map((it) => agentOf(it)));
  return all.flatMap((it) => (it === undefined ? [] : [it.pid]));
}

/** The agent a lane's file names, when it lives: process ids are used again, so its start time must fit, too. */
async function agentOf(file: string): Promise<{ pid: number; version: string } | undefined> {
  const [pid, started, , version] = await words(file);
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  if (version === undefined || state === "Z" || fields[19] !== started) return undefined;
  return { pid: Number(pid), version };
}

async function words(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim() === "" ? [] : text.trim().split(" ");
}

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
