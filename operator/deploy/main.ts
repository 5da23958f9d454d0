import { Command } from "commander";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { join, resolve } from "node:path";
import { root } from "../../base/system/root.ts";
import { type BuiltRelease, readRelease } from "../../bootstrap/release/assemble.ts";
import type { Channel, ReleaseRef } from "../../bootstrap/release/channel.ts";
import { type BuildFlags, build } from "../release/build/main.ts";
import { chooseCanaries } from "./canary.ts";
import { moveChannel, readChannel, readHistory } from "./channel-store.ts";
import { type Deploy, type DeployFlags, openDeploy } from "./connect/main.ts";
import { instancesOf } from "./fleet.ts";
import { publishRelease } from "./publish.ts";
import { showChannel, showHistory, showInstances } from "./show.ts";
import { awaitFleet } from "./wait.ts";
import { watchCanary } from "./watch-canary.ts";

interface Flags extends DeployFlags, BuildFlags {
  release?: string;
  canary?: string;
  bakeS: string;
  waitS: string;
}

/** `drover deploy`: build, upload, read back, move the channel file, wait for the fleet. */
export function main(argv: string[]): Promise<number> {
  const command = common("deploy", "Ship a release to the fleet. Jobs in flight finish on the old one.")
    .option("--release <version>", "one that was built before; without it this checkout is built")
    .option("--services <folder>", "the services that go along", join(root, "services"))
    .option("--packages <names>", "services whose installed packages go along, separated by commas")
    .option("--out <folder>", "where releases are kept", ".drover/releases")
    .option("--canary <share>", "first on 10% (or a number) of the instances: at least one, never all")
    .option("--bake-s <n>", "how long a canary must do well before all get it", "300")
    .action(deploy);
  return exitCodeOf("drover deploy", () => command.parseAsync(argv, { from: "user" }));
}

/** `drover rollback`: drops the canary, or goes back to the release before, or to one that was current once. */
export function rollback(argv: string[]): Promise<number> {
  const command = common("rollback", "Take the canary or the last release back.")
    .argument("[version]", "a release that was current before")
    .action(async (version: string | undefined, flags: Flags) => {
      await using it = await openDeploy(flags);
      const history = version === undefined ? [] : await readHistory(it.objects, it.channelTools.publicKey);
      const channel = await moveChannel(it.channelTools, (now) =>
        wayBack(it.existing(now), version, history),
      );
      await follow(it, channel, flags);
    });
  return exitCodeOf("drover rollback", () => command.parseAsync(argv, { from: "user" }));
}

/** `drover promote`: the canary becomes everybody's release. */
export function promote(argv: string[]): Promise<number> {
  const command = common("promote", "Give the canary to the whole fleet.").action(async (flags: Flags) => {
    await using it = await openDeploy(flags);
    await follow(it, await promoted(it), flags);
  });
  return exitCodeOf("drover promote", () => command.parseAsync(argv, { from: "user" }));
}

/** `drover releases`: what the fleet should run, what each instance runs, what was current before. */
export function releases(argv: string[]): Promise<number> {
  const command = common("releases", "Show what the fleet should run, what it runs, and what it ran.")
    .option("--json", "one JSON object, for programs")
    .action(async (flags: Flags & { json?: boolean }) => {
      await using it = await openDeploy(flags);
      const { publicKey } = it.channelTools;
      // A channel that cannot be trusted is the more reason to see what runs.
      let problem: unknown;
      const [now, instances, history] = await Promise.all([
        readChannel(it.objects, publicKey).catch((error: unknown) => void (problem = error)),
        instancesOf(it.store, systemClock.now()),
        readHistory(it.objects, publicKey),
      ]);
      const channel = problem === undefined ? it.existing(now?.channel) : undefined;
      const head = channel === undefined ? "" : `${showChannel(channel)}\n`;
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ channel, instances, history })}\n`
          : `${head}instances\n${showInstances(instances)}\nhistory\n${showHistory(history)}`,
      );
      if (problem !== undefined) throw problem;
    });
  return exitCodeOf("drover releases", () => command.parseAsync(argv, { from: "user" }));
}

function common(name: string, description: string): Command {
  return new Command(`drover ${name}`)
    .description(description)
    .exitOverride()
    .option("--config <file>", "settings; drover.yaml in this folder when it is there")
    .option("--key <file>", "the private key that signs", ".drover/release.key")
    .option("--valid-days <n>", "until the channel file expires", "90")
    .option("--wait-s <n>", "how long to wait for the instances; 0: not at all", "300");
}

async function deploy(flags: Flags): Promise<void> {
  await using it = await openDeploy(flags);
  const chosen =
    flags.canary === undefined ? undefined : chooseCanaries(flags.canary, await reportingNames(it));
  const release =
    flags.release === undefined ? await build(flags) : await readRelease(resolve(flags.out), flags.release);
  const published = await upload(it, release);
  const channel = await moveChannel(it.channelTools, (now) => {
    if (chosen !== undefined) return { ...it.existing(now), canary: { ...published, instances: chosen } };
    const isSame = now?.release.version === published.version;
    return { release: published, previous: isSame ? now.previous : now?.release, canary: undefined };
  });
  if (channel.canary === undefined) return await follow(it, channel, flags);
  // Not waited for but watched: an instance that refuses it, or never starts it, is a verdict.
  process.stdout.write(showChannel(channel));
  const { verdict, why } = await watchCanary(
    { store: it.store, clock: systemClock },
    channel.canary,
    Number(flags.bakeS),
    (text) => process.stdout.write(`  ${text}\n`),
  );
  process.stdout.write(`canary ${channel.canary.version}: ${verdict}, ${why}\n`);
  const next = verdict === "promote" ? await promoted(it) : await dropped(it);
  await follow(it, next, flags);
  if (verdict === "rollback")
    throw new DroverError(
      "canary-failed",
      `The canary was taken back: ${why}. The fleet runs ${next.release.version}.`,
    );
}

async function upload(it: Deploy, release: BuiltRelease): Promise<ReleaseRef> {
  return await publishRelease({ objects: it.objects, files: systemFiles }, release, ({ entry }) =>
    process.stdout.write(`uploading ${entry.name}, ${(entry.bytes / 1e6).toFixed(1)} MB\n`),
  );
}

async function reportingNames(it: Deploy): Promise<string[]> {
  const instances = await instancesOf(it.store, systemClock.now());
  return instances.filter((one) => one.release !== "" && one.takesJobs).map((one) => one.instance);
}

async function promoted(it: Deploy): Promise<Channel> {
  return await moveChannel(it.channelTools, (now) => {
    const { release, canary } = it.existing(now);
    if (canary === undefined) throw new DroverError("canary-missing", "No canary is under way.");
    const { version, manifestSha256 } = canary;
    return { release: { version, manifestSha256 }, previous: release, canary: undefined };
  });
}

async function dropped(it: Deploy): Promise<Channel> {
  return await moveChannel(it.channelTools, (now) => ({ ...it.existing(now), canary: undefined }));
}

function wayBack(
  now: Channel,
  version: string | undefined,
  history: readonly Channel[],
): Pick<Channel, "release" | "previous" | "canary"> {
  if (version === undefined && now.canary !== undefined) return { ...now, canary: undefined };
  const target =
    version === undefined ? now.previous : history.find((it) => it.release.version === version)?.release;
  if (target === undefined) {
    const message =
      version === undefined
        ? "There is no release before this one."
        : `${version} was never current, so it has no signature. Deploy it with: drover deploy --release ${version}`;
    throw new DroverError("release-missing", message);
  }
  return { release: target, previous: now.release, canary: undefined };
}

async function follow(it: Deploy, channel: Channel, { waitS }: Flags): Promise<void> {
  process.stdout.write(showChannel(channel));
  if (Number(waitS) === 0) return;
  await awaitFleet({ store: it.store, clock: systemClock }, channel, Number(waitS), (one) =>
    process.stdout.write(`  ${one.instance} runs ${one.release}\n`),
  );
}
