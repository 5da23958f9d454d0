import { createPublicKey, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Config } from "../../base/config/config.ts";
import { DroverError } from "../../base/errors.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { root } from "../../base/system/root.ts";
import { buildRelease } from "../../bootstrap/release/assemble.ts";
import { makeReleaseKey, publicWord, readReleaseKey } from "../../bootstrap/release/keys.ts";
import { closeEc2Clients, createCompute, createEc2Clients, type Ec2Clients } from "../../cloud/aws/ec2.ts";
import { ensureLaunchTemplate } from "../../cloud/aws/ec2-template.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { readEc2Settings } from "../../cloud/local/ec2/settings-file.ts";
import { type RunningCloud, startCloud } from "../../cloud/local/server.ts";
import { moveChannel, readChannel } from "../deploy/channel-store.ts";
import { publishRelease } from "../deploy/publish.ts";
import { setUp } from "../setup/main.ts";
import { localUserData } from "./machine.ts";

export interface InstancesFlags {
  dir: string;
  port: string;
  /** How many at first; 0: none until somebody launches some, an autoscaler for one. */
  instances: number;
  /** How the EC2 of the cloud behaves: a file of its settings. */
  ec2?: string;
}

/** The first release of a local fleet is signed for this long; `drover release renew` goes on. */
const VALID_S = 90 * 86_400;
/** The role has no rights to give here; the name is the one that drover init gives real ones. */
const PROFILE = "drover-fleet-instance";
const WATCH_MS = 200;

/**
 * `drover up --instances N`: the embedded cloud, and N instances of its EC2, launched from a template as on AWS, that are
 * brought up from its S3 by the script that brings up real ones. Resolves when all have drained and left; with none at
 * first, only after it was told to.
 */
export async function upInstances(config: Config, flags: InstancesFlags): Promise<void> {
  const dir = resolve(flags.dir);
  const ec2Settings = flags.ec2 === undefined ? {} : await readEc2Settings(flags.ec2);
  const cloud = await startCloud({ dir: join(dir, "cloud"), port: Number(flags.port), ec2: ec2Settings });
  // For ourselves, the operator; instances get their own.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
  });
  const ec2 = createEc2Clients();
  try {
    await prepareFleet(config, ec2, dir);
    if (flags.instances > 0) await launch(config, ec2, flags.instances);
    announce(cloud, dir, flags.instances);
    await untilGone(cloud, flags.instances === 0);
  } finally {
    closeEc2Clients(ec2);
    await cloud.close();
  }
}

/** Queues and bucket, a first release, and the launch template that instances of this cloud are made from. */
export async function prepareFleet(config: Config, ec2: Ec2Clients, dir: string): Promise<void> {
  await setUp(config);
  const releaseKeys = await firstRelease(config, dir);
  const bootScript = await readFile(join(root, "bootstrap/boot.sh"), "utf8");
  await ensureLaunchTemplate(ec2, {
    name: config.autoscaler.launch_template,
    imageId: "ami-embedded",
    instanceType: "m7i.large",
    profile: PROFILE,
    userData: localUserData({ config, releaseKeys, bootScript }),
  });
}

/** A fleet starts with a release; what was deployed later stays. Resolves to the public half of the signing key. */
async function firstRelease(config: Config, dir: string): Promise<string> {
  const keyFile = join(dir, "release.key");
  const key = existsSync(keyFile) ? await readReleaseKey(keyFile) : await makeReleaseKey(keyFile);
  const publicKey = createPublicKey(key);
  const s3 = createS3Clients();
  try {
    const objects = openBucket(s3, config.bucket);
    if ((await readChannel(objects, publicKey)) === undefined) {
      process.stdout.write("building and deploying the first release\n");
      const out = join(dir, "releases");
      const built = await buildRelease({ root, servicesDir: config.services_dir, packages: [], out });
      const release = await publishRelease({ objects, files: systemFiles }, built);
      const tools = { objects, clock: systemClock, key, publicKey, validS: VALID_S };
      await moveChannel(tools, () => ({ release, previous: undefined, canary: undefined }));
    }
    return publicWord(key);
  } finally {
    closeS3Clients(s3);
  }
}

async function launch(config: Config, ec2: Ec2Clients, count: number): Promise<void> {
  const template = config.autoscaler.launch_template;
  const compute = createCompute(ec2, { fleet: config.bucket, launch: { template, version: "$Latest" } });
  const pool = { name: "by-hand", market: "on-demand" } as const;
  const { instanceIds, refusals } = await compute.launch({ token: randomUUID(), pool, count });
  if (instanceIds.length === count) return;
  const why = refusals.map(({ code, message }) => `${code}: ${message}`).join("; ");
  throw new DroverError("compute-refused", `Only ${instanceIds.length} of ${count} instances came. ${why}`);
}

const living = ({ ec2 }: RunningCloud) => ec2.instances().filter((it) => it.state !== "terminated");

function announce({ dir: cloudDir }: RunningCloud, dir: string, count: number): void {
  const bin = `${root}/bin`;
  const scaler =
    count > 0
      ? ""
      : `  ${bin}/drover autoscaler        # launches instances when there are jobs, and ends them\n`;
  process.stdout.write(
    `The fleet is up: ${count} instances, their consoles in ${cloudDir}/ec2/instances/*/console.log. In another terminal:\n` +
      `  eval "$(${bin}/drover cloud env --dir ${cloudDir})"\n${scaler}` +
      `  ${bin}/submit-job --service checksum --response=store --wait http://example.org/\n` +
      `  ${bin}/drover status\n  ${bin}/drover releases --key ${dir}/release.key\n`,
  );
}

/**
 * The first Ctrl-C drains every instance, the second stops it: the power button of each is pressed, of one that was
 * launched later as often as of the others.
 */
async function untilGone(cloud: RunningCloud, waits: boolean): Promise<void> {
  const words: NodeJS.Signals[] = [];
  const pressed = new Map<string, number>();
  const tell = (signal: NodeJS.Signals) => void words.push(signal);
  process.on("SIGINT", tell).on("SIGTERM", tell);
  try {
    for (;;) {
      const left = living(cloud);
      if (left.length === 0 && (words.length > 0 || !waits)) return;
      for (const { id, pid } of left) {
        const times = pressed.get(id) ?? 0;
        if (pid === undefined || times >= words.length) continue; // one that is still pending is told when it runs
        cloud.ec2.shutDown(id);
        pressed.set(id, times + 1);
      }
      await systemClock.sleep(WATCH_MS);
    }
  } finally {
    process.off("SIGINT", tell).off("SIGTERM", tell);
  }
}
