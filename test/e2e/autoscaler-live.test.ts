import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { DecisionLine } from "../../autoscaler/daemon/decision-log.ts";
import { NOBODY, parseRecord, RECORD } from "../../autoscaler/daemon/record.ts";
import { readConfig, type Config } from "../../base/config/config.ts";
import { commandOf, descendantsOf } from "../../base/system/sandbox/proc.ts";
import { closeEc2Clients, createEc2Clients, TAGS, type Ec2Clients } from "../../cloud/aws/ec2.ts";
import { closeS3Clients, createS3Clients, openBucket, type S3Clients } from "../../cloud/aws/s3.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import { closeSqsClients, createSqsClients, openQueue, type SqsClients } from "../../cloud/aws/sqs.ts";
import { type RunningCloud, startCloud } from "../../cloud/local/server.ts";
import { prepareFleet } from "../../operator/instances/main.ts";
import { buildRequest } from "../../schemas/build.ts";
import { runCommand } from "../support/command.ts";

/** DROVER_LIVE_JOBS=300 DROVER_LIVE_SPEED=1 is the whole thing in true time; it takes some minutes. */
const JOBS = Number(process.env["DROVER_LIVE_JOBS"] ?? 24);
const SPEED = Number(process.env["DROVER_LIVE_SPEED"] ?? 5);
/** Once all is done nothing remains but to watch how the fleet waits and goes. */
const FASTER = 15;
const MAX = Number(process.env["DROVER_LIVE_MAX"] ?? 3);
/** In true time the fleet boots, works and waits for minutes. */
const LIMIT_MS = SPEED === 1 ? 30 * 60_000 : 6 * 60_000;

const DROVER = resolve(import.meta.dirname, "../../bin/drover");
const DILATED = resolve(import.meta.dirname, "../support/dilated-scaler.ts");
/** Packing the Node runtime takes seconds; every build of a checkout gives the same archive. */
const KEPT_ARTIFACTS = resolve(import.meta.dirname, "../../.drover/releases/artifacts");
/** By it a job's program is found among an instance's processes. */
const MARK = "a-job-of-the-live-test";

const place = { instance_type: "m7i.large" };
const SETTINGS = {
  slots: 2,
  sandbox: "auto",
  visibility_timeout_s: 15,
  status_period_s: 1,
  autoscaler: {
    max_instances: MAX,
    period_s: SPEED === 1 ? 2 : 10,
    pools: [
      { ...place, name: "none-left", zone: "us-east-1c", market: "spot", price_per_hour: 0.1, slots: 2 },
      { ...place, name: "spot", zone: "us-east-1a", market: "spot", price_per_hour: 0.2, slots: 2 },
      { ...place, name: "dear", zone: "us-east-1b", price_per_hour: 1, slots: 2 },
    ],
  },
};

let folder: string;
let cloud: RunningCloud;
let config: Config;
let ec2: Ec2Clients;
let s3: S3Clients;
let sqs: SqsClients;
const scalers = new Map<string, ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-live-"));
  const bootDelayS = { from: 2, to: 6 };
  const capacity = [{ zone: "us-east-1c", atMost: 0 }];
  cloud = await startCloud({ dir: `${folder}/cloud`, ec2: { bootDelayS, capacity, spotNoticeS: 4 } });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_REGION: cloud.region,
  });
  await writeFile(`${folder}/drover.yaml`, JSON.stringify(SETTINGS));
  config = readConfig(JSON.stringify(SETTINGS), {}, { services_dir: `${folder}/services` });
  await mkdir(`${folder}/services/nap`, { recursive: true });
  const manifest = {
    name: "nap",
    version: "1.0.0",
    summary: "takes its time",
    command: ["/bin/sh", "-c", `sleep 1.5; echo ${MARK}`],
    input: { types: [] },
    result: { kind: "text" },
  };
  await writeFile(`${folder}/services/nap/service.yaml`, JSON.stringify(manifest));
  if (existsSync(KEPT_ARTIFACTS))
    await cp(KEPT_ARTIFACTS, `${folder}/releases/artifacts`, { recursive: true });
  [ec2, s3, sqs] = [createEc2Clients(), createS3Clients(), createSqsClients()];
  await prepareFleet(config, ec2, folder);
}, LIMIT_MS);

afterAll(async () => {
  for (const child of scalers.values()) child.kill("SIGKILL");
  closeEc2Clients(ec2);
  closeS3Clients(s3);
  closeSqsClients(sqs);
  await cloud.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, LIMIT_MS);

function startScaler(name: string): void {
  const log = `${folder}/${name}`;
  const argv =
    SPEED === 1
      ? [DROVER, "autoscaler", "--config", `${folder}/drover.yaml`]
      : [process.execPath, DILATED, `${folder}/drover.yaml`, log, name, `${SPEED},${FASTER}`];
  const [program = "", ...args] = argv;
  const env = { ...process.env, DROVER_INSTANCE_ID: name, DROVER_AUTOSCALER_LOG_DIR: log };
  scalers.set(
    name,
    spawn(program, args, { env, cwd: folder, stdio: ["ignore", "ignore", openSync(`${log}.txt`, "a")] }),
  );
}

const isAlive = ({ state }: { state: string }) => state === "pending" || state === "running";
const runsJob = (pid: number) => [pid, ...descendantsOf(pid)].some((it) => commandOf(it).includes(MARK));

/** Looks at the machines from outside, all the time: how many there are, and whether one ends that is at work. */
function watchMachines() {
  const seen = { most: 0, endedBusy: [] as string[], tokens: new Map<string, Set<string>>() };
  const alive = new Set<string>();
  const look = () => {
    const all = cloud.ec2.instances();
    seen.most = Math.max(seen.most, all.filter(isAlive).length);
    for (const it of all) {
      const token = it.tags[TAGS.token] ?? "";
      seen.tokens.set(token, (seen.tokens.get(token) ?? new Set()).add(it.id));
      if (isAlive(it)) alive.add(it.id);
      else if (alive.delete(it.id) && it.reason?.startsWith("Client.") && it.pid !== undefined) {
        if (runsJob(it.pid)) seen.endedBusy.push(it.id);
      }
    }
  };
  const timer = setInterval(look, 50);
  return { seen, stop: () => clearInterval(timer) };
}

interface Wait {
  what: string;
  /** Aborts before the test's own limit ends it without a word. */
  signal: AbortSignal;
  says: () => Promise<string>;
}

/** Waits for something that the fleet does. Rejects with what was seen last, and what the scaler said to it. */
async function until<T>(
  { what, signal, says }: Wait,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (signal.aborted) {
      const last = `the last was ${JSON.stringify(value)}, and the scaler said: ${await says()}`;
      throw new Error(`no end of waiting for ${what}; ${last}`);
    }
    await sleep(200);
  }
}

test(
  `two bursts of ${JOBS} jobs: from nothing to ${MAX} instances and back, through reclaims and the leader's death`,
  { timeout: LIMIT_MS },
  async () => {
    const objects = openBucket(s3, config.bucket);
    const store = createS3Store(objects);
    const requests = await openQueue(sqs, config.queues.requests);
    const record = async () => {
      const found = await store.readRecord(RECORD);
      return found === undefined ? NOBODY : parseRecord(found.text);
    };
    const leader = async () => (await record()).leader.split("/")[0] ?? "";
    const { seen, stop } = watchMachines();
    onTestFinished(stop);
    for (const name of ["first", "second"]) startScaler(name);
    const body = buildRequest({ service: "nap", parameters: [], output: { type: "store" } });
    const burst = () => Promise.all(Array.from({ length: JOBS }, () => requests.send(body)));
    const ids = await burst();

    const signal = AbortSignal.timeout(LIMIT_MS - 10_000);
    const says = async () => (await record()).sentence;
    const waitFor = (what: string): Wait => ({ what, signal, says });
    const living = () => cloud.ec2.instances().filter(isAlive);
    // Instances are on their way: whoever ordered them dies.
    await until(
      waitFor("two instances"),
      () => living().length,
      (count) => count >= 2,
    );
    const dies = await until(waitFor("a leader"), leader, (name) => scalers.has(name));
    scalers.get(dies)?.kill("SIGKILL");
    const lives = dies === "first" ? "second" : "first";
    await until(waitFor("the other leader"), leader, (name) => name === lives);

    // Jobs are under way, however long the change of leaders took: the market takes an instance back.
    ids.push(...(await burst()));
    const atWork = () =>
      living().filter((it) => it.market === "spot" && it.pid !== undefined && runsJob(it.pid));
    const [working] = await until(waitFor("a spot instance at work"), atWork, (found) => found.length > 0);
    await cloud.ec2.reclaim(working?.id ?? "");

    const done = async () => (await objects.list("jobs/")).filter((key) => key.endsWith("/result")).length;
    await until(waitFor("all results"), done, (count) => count === ids.length);
    if (SPEED !== 1) scalers.get(lives)?.kill("SIGUSR2");
    await until(
      waitFor("the end of all instances"),
      () => living().length,
      (count) => count === 0,
    );

    expect(seen.endedBusy).toEqual([]);
    expect(seen.most).toBeGreaterThan(1);
    expect(seen.most).toBeLessThanOrEqual(MAX);
    for (const id of ids) expect(await objects.head(`jobs/${id}/g0/result`), id).toBeDefined();
    expect(await requests.counts()).toMatchObject({ visible: 0, inFlight: 0 });
    const child = scalers.get(lives);
    child?.kill("SIGTERM");
    if (child?.exitCode === null) await once(child, "exit");
    expect(await leader()).toBe("");
    await checkLogs(lives, seen.tokens);
  },
);

/** What was launched is what was decided, once, and every decision can be made again. */
async function checkLogs(lives: string, tokens: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
  const granted = new Map<string, number>();
  for (const name of scalers.keys()) {
    const path = `${folder}/${name}/decisions.jsonl`;
    if (!existsSync(path)) continue; // it died before its first one
    const text = await readFile(path, "utf8");
    const lines = text
      .split("\n")
      .filter((it) => it !== "")
      .map((it) => JSON.parse(it) as DecisionLine);
    for (const { epoch, tick, ordered, sentence } of lines) {
      expect(sentence).not.toBe("");
      const count = ordered.reduce((sum, it) => sum + (it.kind === "launch" ? it.count : 0), 0);
      granted.set(`${epoch}-${tick}`, count);
    }
    const env = { PATH: process.env["PATH"] ?? "" };
    const replayed = await runCommand([DROVER, "autoscaler", "replay", path], { env, cwd: folder });
    expect(replayed).toMatchObject({ code: 0, stdout: `${lines.length} decisions, 0 differ\n` });
  }
  expect(existsSync(`${folder}/${lives}/decisions.jsonl`)).toBe(true);
  const launched = new Map<string, number>();
  for (const [token, ids] of tokens) {
    const [, epoch, tick] = token.split("-");
    const round = `${epoch}-${tick}`;
    launched.set(round, (launched.get(round) ?? 0) + ids.size);
  }
  for (const [round, count] of launched) expect(count, round).toBeLessThanOrEqual(granted.get(round) ?? 0);
}
