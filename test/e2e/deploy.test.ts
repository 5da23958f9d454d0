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
/** What waits in the queue during a change, so that no slot is empty for want of work. */
const BACKLOG = 50;
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
  instance: string;
}

interface Flow {
  ran: Ran[];
  /** When the change began, and until when there was work for every slot; epoch seconds. */
  changedAtS: number;
  fedUntilS: number;
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

const stamp = (text: string) => `date +%s.%N; sleep 0.2; pwd; echo ${text}; date +%s.%N`;

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

/**
 * Sends jobs, does `meanwhile` when a quarter is done, keeps every slot supplied until that has ended, and takes every
 * answer; throws for doubles.
 */
async function flow(meanwhile: () => Promise<void>): Promise<Flow> {
  const ids = await send(JOBS);
  const ran = new Map<string, Ran>();
  let change: Promise<void> | undefined;
  let isFed = false;
  const feed = async (changed: Promise<void>) => {
    const over = new AbortController();
    const ended = changed.finally(() => over.abort());
    try {
      while (!over.signal.aborted) {
        if ((await requests.counts()).visible < BACKLOG) ids.push(...(await send(BACKLOG)));
        await Promise.race([ended, sleep(200)]);
      }
      fedUntilS = Date.now() / 1000;
      ids.push(...(await send(BACKLOG)));
    } finally {
      isFed = true;
    }
  };
  let [changedAtS, fedUntilS] = [0, 0];
  let read = 0;
  await collect(responses, (messages) => {
    for (const { body } of messages.slice(read)) {
      const answer = validate("response", body);
      if (!answer.ok) throw new Error(answer.problems[0].message);
      const { messageId, status, rawOutput } = answer.value;
      expect(status).toBe("success");
      expect(ran.has(messageId)).toBe(false);
      const [from = "", place = "", text = "", to = ""] = (rawOutput?.content ?? "").split("\n");
      const [, instance = ""] = /instances\/([^/]+)\//.exec(place) ?? [];
      ran.set(messageId, { from: Number(from), to: Number(to), text, instance });
    }
    read = messages.length;
    if (ran.size >= JOBS / 4 && change === undefined) {
      changedAtS = Date.now() / 1000;
      change = feed(meanwhile());
    }
    return isFed && ids.every((id) => ran.has(id));
  });
  await change;
  expect([...ran.keys()].toSorted()).toEqual(ids.toSorted());
  return { ran: [...ran.values()], changedAtS, fedUntilS };
}

/**
 * The longest that a slot was empty between two programs, in seconds; throws when more ran than there are slots. Which
 * slot of an instance a program had nobody sees, so the one that had been free for longest counts.
 */
function longestIdleS({ ran, changedAtS, fedUntilS }: Flow): { before: number; after: number } {
  const longest = { before: 0, after: 0 };
  for (const instance of new Set(ran.map((it) => it.instance))) {
    const own = ran
      .filter((it) => it.instance === instance && it.from < fedUntilS)
      .toSorted((a, b) => a.from - b.from);
    const freeSince = own.slice(0, SLOTS).map((it) => it.to);
    for (const { from, to } of own.slice(SLOTS)) {
      const slot = freeSince.indexOf(Math.min(...freeSince));
      const idleS = from - (freeSince[slot] ?? from);
      expect(idleS).toBeGreaterThanOrEqual(0);
      const when = from < changedAtS ? "before" : "after";
      longest[when] = Math.max(longest[when], idleS);
      freeSince[slot] = to;
    }
  }
  return longest;
}

/** Three seconds for the change, and some of what the machine's other load costs a slot without any change. */
function staysBusy(flowed: Flow): void {
  const { before, after } = longestIdleS(flowed);
  expect(after).toBeLessThan(3 + 5 * before);
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
    const flowed = await flow(async () => {
      const { code, text } = await drover("deploy");
      expect(text.match(/\bi-[0-9a-f]{17} runs /g)).toHaveLength(INSTANCES);
      expect(code).toBe(0);
    });
    expect(new Set(flowed.ran.map((it) => it.instance)).size).toBe(INSTANCES);
    const texts = new Set(flowed.ran.map((it) => it.text));
    expect([...texts].toSorted()).toEqual(["one", "two"]);
    staysBusy(flowed);
    const now = await releases();
    expect(now.map((it) => it.problem)).toEqual(["", ""]);
    expect(new Set(now.map((it) => it.release)).size).toBe(1);
    expect(now[0]?.release).not.toBe(first);
  }, 180_000);

  test("goes back in the same way", async () => {
    const flowed = await flow(async () => {
      expect(await drover("rollback")).toMatchObject({ code: 0 });
    });
    expect([...new Set(flowed.ran.map((it) => it.text))].toSorted()).toEqual(["one", "two"]);
    staysBusy(flowed);
    expect((await releases()).map((it) => it.release)).toEqual([first, first]);
  }, 180_000);

  test("brings a service's packages along, into its sandbox", async () => {
    const service = `${folder}/services/packaged`;
    await mkdir(`${service}/node_modules/answer`, { recursive: true });
    const manifest = {
      name: "packaged",
      version: "1.0.0",
      summary: "asks its package",
      command: ["{node}", "{serviceDir}/main.mjs"],
      input: { types: [] },
      requires: { files: ["node_modules/answer"] },
      result: { kind: "text" },
    };
    await writeFile(`${service}/service.yaml`, JSON.stringify(manifest));
    await writeFile(`${service}/main.mjs`, 'import { answer } from "answer";\nconsole.log(answer);\n');
    await writeFile(`${service}/node_modules/answer/package.json`, '{"name": "answer", "main": "index.cjs"}');
    await writeFile(`${service}/node_modules/answer/index.cjs`, "exports.answer = 42;\n");
    expect(await drover("deploy", "--packages", "packaged")).toMatchObject({ code: 0 });
    await requests.send('<request service="packaged"><output type="queue"/></request>');
    const [answer] = await collect(responses, (messages) => messages.length > 0);
    expect(validate("response", answer?.body ?? "")).toMatchObject({
      value: { status: "success", rawOutput: { content: "42\n" } },
    });
    expect(await drover("rollback")).toMatchObject({ code: 0 });
  }, 120_000);

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
