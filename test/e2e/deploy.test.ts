import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeSqsClients, createSqsClients, openQueue, type SqsClients } from "../../cloud/aws/sqs.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import { validate } from "../../schemas/validate.ts";
import { collect, type Process, startDrover } from "../support/fleet.ts";

const INSTANCES = 2;
const SLOTS = 2;
const JOBS = 200;
/** Packing the Node runtime takes seconds; every build of a checkout gives the same archive. */
const KEPT_ARTIFACTS = resolve(import.meta.dirname, "../../.drover/releases/artifacts");

let folder: string;
let up: Process;
let env: NodeJS.ProcessEnv;
let sqs: SqsClients;
let requests: Queue;
let responses: Queue;

/** When a program ran and what it said, all told by the program itself. */
interface Ran {
  from: number;
  to: number;
  text: string;
}

async function writeService(command: string): Promise<void> {
  await mkdir(`${folder}/services/stamp`, { recursive: true });
  const manifest = {
    name: "stamp",
    version: "1.0.0",
    summary: "says when it ran and what it is",
    command: ["/bin/sh", "-c", command],
    input: { types: [] },
    result: { kind: "text" },
    retries: 0,
  };
  await writeFile(`${folder}/services/stamp/service.yaml`, JSON.stringify(manifest));
}

const stamp = (text: string) => `date +%s.%N; sleep 0.3; date +%s.%N; echo ${text}`;

/** Runs a command to its end. Resolves to what it said. */
async function drover(...args: string[]): Promise<{ code: number | null; text: string }> {
  const keys = ["--key", `${folder}/fleet/release.key`, "--wait-s", "60"];
  const own =
    args[0] === "deploy" ? ["--services", `${folder}/services`, "--out", `${folder}/fleet/releases`] : [];
  const it = startDrover([...args, ...keys, ...own], env);
  const code = await new Promise<number | null>((done) => it.child.once("close", done));
  return { code, text: it.lines.join("\n") };
}

async function send(count: number): Promise<string[]> {
  const body = '<request service="stamp"><output type="queue"/></request>';
  return await Promise.all(Array.from({ length: count }, () => requests.send(body)));
}

/** Sends jobs, does `meanwhile` when a quarter is done, and takes every answer; throws for doubles. */
async function flow(meanwhile: () => Promise<void>): Promise<Ran[]> {
  const ids = await send(JOBS);
  const ran = new Map<string, Ran>();
  let change: Promise<void> | undefined;
  let read = 0;
  await collect(responses, (messages) => {
    for (const { body } of messages.slice(read)) {
      const answer = validate("response", body);
      if (!answer.ok) throw new Error(answer.problems[0].message);
      const { messageId, status, rawOutput } = answer.value;
      expect(status).toBe("success");
      expect(ran.has(messageId)).toBe(false);
      const [from = "", to = "", text = ""] = (rawOutput?.content ?? "").split("\n");
      ran.set(messageId, { from: Number(from), to: Number(to), text });
    }
    read = messages.length;
    if (ran.size >= JOBS / 4) change ??= meanwhile();
    return ids.every((id) => ran.has(id));
  });
  await change;
  expect([...ran.keys()].toSorted()).toEqual(ids.toSorted());
  return [...ran.values()];
}

/** The longest time, in seconds, in which fewer programs ran than there are slots, while work was left to start. */
function longestIdleS(ran: readonly Ran[]): number {
  const lastStart = Math.max(...ran.map((it) => it.from));
  const moments = ran
    .flatMap(({ from, to }) => [
      { at: from, change: 1 },
      { at: to, change: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.change - b.change);
  let [running, idleSince, longest] = [0, moments[0]?.at ?? 0, 0];
  for (const { at, change } of moments) {
    if (at > lastStart) break;
    running += change;
    expect(running).toBeLessThanOrEqual(INSTANCES * SLOTS);
    // Full for a moment is enough: a slot between two programs is not idle.
    if (running === INSTANCES * SLOTS) longest = Math.max(longest, at - idleSince);
    if (running < INSTANCES * SLOTS && change === -1 && running === INSTANCES * SLOTS - 1) idleSince = at;
  }
  return longest;
}

async function releases(): Promise<{ release: string; problem: string }[]> {
  const { text } = await drover("releases", "--json");
  return (JSON.parse(text) as { instances: { release: string; problem: string }[] }).instances;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-deploy-"));
  await writeService(stamp("one"));
  await mkdir(KEPT_ARTIFACTS, { recursive: true });
  await cp(KEPT_ARTIFACTS, `${folder}/fleet/releases/artifacts`, { recursive: true });
  const places = ["--dir", `${folder}/fleet`, "--services", `${folder}/services`];
  up = startDrover(["up", ...places, "--instances", String(INSTANCES), "--slots", String(SLOTS)], {
    ...process.env,
    DROVER_STATUS_PERIOD_S: "1",
  });
  await up.line(/fleet is up/);
  const said = startDrover(["cloud", "env", "--dir", `${folder}/fleet/cloud`], process.env);
  await new Promise((done) => said.child.once("close", done));
  env = { ...process.env };
  for (const line of said.lines) {
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name !== undefined) env[name] = value;
  }
  Object.assign(process.env, env);
  sqs = createSqsClients();
  [requests, responses] = await Promise.all([
    openQueue(sqs, "drover-requests"),
    openQueue(sqs, "drover-responses"),
  ]);
  while ((await releases()).length < INSTANCES) await sleep(200);
}, 120_000);

afterAll(async () => {
  closeSqsClients(sqs);
  await up.end("SIGTERM");
  if (!existsSync(KEPT_ARTIFACTS) || (await readdir(KEPT_ARTIFACTS)).length === 0)
    await cp(`${folder}/fleet/releases/artifacts`, KEPT_ARTIFACTS, { recursive: true });
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

describe("a fleet of two instances, booted from S3", () => {
  let first = "";

  test("gets a changed service while jobs flow: each job once, no slot idle for long", async () => {
    first = (await releases())[0]?.release ?? "";
    await writeService(stamp("two"));
    const ran = await flow(async () => {
      const { code, text } = await drover("deploy");
      expect(text).toMatch(/local-1 runs .*\n.*local-2 runs |local-2 runs .*\n.*local-1 runs /);
      expect(code).toBe(0);
    });
    const texts = new Set(ran.map((it) => it.text));
    expect([...texts].toSorted()).toEqual(["one", "two"]);
    expect(longestIdleS(ran)).toBeLessThan(3);
    const now = await releases();
    expect(now.map((it) => it.problem)).toEqual(["", ""]);
    expect(new Set(now.map((it) => it.release)).size).toBe(1);
    expect(now[0]?.release).not.toBe(first);
  }, 180_000);

  test("goes back in the same way", async () => {
    const ran = await flow(async () => {
      expect(await drover("rollback")).toMatchObject({ code: 0 });
    });
    expect([...new Set(ran.map((it) => it.text))].toSorted()).toEqual(["one", "two"]);
    expect(longestIdleS(ran)).toBeLessThan(3);
    expect((await releases()).map((it) => it.release)).toEqual([first, first]);
  }, 180_000);

  test("takes a canary back that fails every job, says why, and goes on with the old release", async () => {
    await writeService("exit 7");
    const canary = drover("deploy", "--canary", "1", "--bake-s", "600");
    const stop = new AbortController();
    const feeding = (async () => {
      while (!stop.signal.aborted) {
        await send(8);
        await responses.receive({ max: 10, waitS: 1, visibilityTimeoutS: 600, signal: stop.signal });
      }
    })();
    const { code, text } = await canary;
    stop.abort();
    await feeding;
    expect(code).toBe(1);
    expect(text).toMatch(/canary .*: rollback, .*of its tries failed/);
    expect(text).toMatch(/\[canary-failed\]/);
    expect((await releases()).map((it) => it.release)).toEqual([first, first]);
  }, 180_000);
});
