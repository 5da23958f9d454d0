import { type ChildProcess, spawn } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../../base/config/config.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { root } from "../../base/system/root.ts";
import { buildRelease } from "../../bootstrap/release/assemble.ts";
import { makeReleaseKey, publicWord, readReleaseKey } from "../../bootstrap/release/keys.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { type RunningCloud, startCloud } from "../../cloud/local/server.ts";
import { moveChannel, readChannel } from "../deploy/channel-store.ts";
import { publishRelease } from "../deploy/publish.ts";
import { setUp } from "../setup/main.ts";
import { machineEnvironment, type MachineFacts, machineSettings } from "./machine.ts";

export interface InstancesFlags {
  dir: string;
  port: string;
  services?: string;
  /** How many. */
  instances: number;
}

/** The first release of a local fleet is signed for this long; `drover release renew` goes on. */
const VALID_S = 90 * 86_400;

/**
 * `drover up --instances N`: the embedded cloud, and N machines that are brought up from its S3 by the script that
 * brings up real ones, each in a folder and a process tree of its own. Resolves when all have drained and left.
 */
export async function upInstances(config: Config, flags: InstancesFlags): Promise<void> {
  const dir = resolve(flags.dir);
  const cloud = await startCloud({ dir: join(dir, "cloud"), port: Number(flags.port) });
  // For ourselves, the operator; machines get their own.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
  });
  try {
    await setUp(config);
    const releaseKeys = await firstRelease(config, dir, flags.services ?? join(root, "services"));
    const names = Array.from({ length: flags.instances }, (_, index) => `local-${index + 1}`);
    const machines = await Promise.all(
      names.map(async (instanceId) => {
        const { endpoint: metadataEndpoint } = await cloud.startImds({ instance: { instanceId } });
        return await startMachine(config, {
          home: join(dir, "instances", instanceId),
          bucket: config.bucket,
          releaseKeys,
          endpoint: cloud.endpoint,
          metadataEndpoint,
        });
      }),
    );
    const restore = forwardSignals(machines);
    announce(cloud, dir, machines.length);
    await Promise.all(machines.map((it) => once(it, "exit")));
    restore();
  } finally {
    await cloud.close();
  }
}

/** A fleet starts with a release; what was deployed later stays. Resolves to the public half of the signing key. */
async function firstRelease(config: Config, dir: string, servicesDir: string): Promise<string> {
  const keyFile = join(dir, "release.key");
  const key = existsSync(keyFile) ? await readReleaseKey(keyFile) : await makeReleaseKey(keyFile);
  const publicKey = createPublicKey(key);
  const s3 = createS3Clients();
  try {
    const objects = openBucket(s3, config.bucket);
    if ((await readChannel(objects, publicKey)) === undefined) {
      process.stdout.write("building and deploying the first release\n");
      const out = join(dir, "releases");
      const built = await buildRelease({ root, servicesDir: resolve(servicesDir), packages: [], out });
      const release = await publishRelease({ objects, files: systemFiles }, built);
      const tools = { objects, clock: systemClock, key, publicKey, validS: VALID_S };
      await moveChannel(tools, () => ({ release, previous: undefined, canary: undefined }));
    }
    return publicWord(key);
  } finally {
    closeS3Clients(s3);
  }
}

async function startMachine(config: Config, facts: MachineFacts): Promise<ChildProcess> {
  const { home } = facts;
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, "drover.yaml"), machineSettings(config), { mode: 0o600 });
  await using log = await open(join(home, "console.log"), "a", 0o600);
  return spawn("bash", [join(root, "bootstrap/boot.sh"), "stay"], {
    cwd: home,
    env: machineEnvironment(facts, process.env["PATH"] ?? "/usr/bin:/bin"),
    // Nothing is ever written to its standard input: its end tells the machine that we are gone, however we went.
    stdio: ["pipe", log.fd, log.fd],
    detached: true, // Ctrl-C reaches us alone: the cloud must outlive the drain
  });
}

function announce({ dir: cloudDir }: RunningCloud, dir: string, count: number): void {
  process.stdout.write(
    `The fleet is up: ${count} instances, their consoles in ${dir}/instances/*/console.log. In another terminal:\n` +
      `  eval "$(drover cloud env --dir ${cloudDir})"\n  drover releases --key ${dir}/release.key\n  submit-job --help\n`,
  );
}

/** The first Ctrl-C drains every machine, the second stops it. */
function forwardSignals(machines: readonly ChildProcess[]): () => void {
  const forward = () => {
    for (const it of machines) it.kill("SIGTERM");
  };
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  return () => {
    process.off("SIGINT", forward);
    process.off("SIGTERM", forward);
  };
}
