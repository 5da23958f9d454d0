import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import { residentBytesOf } from "../bench/process-stats.ts";
import { startCloud } from "./cloud.ts";
import { writeServices } from "./programs.ts";

/**
 * `npm run endurance -- --jobs 50000`: many jobs that do nothing through one agent, whose memory and descriptors must stay what they
 * were after the first thousand. Ctrl-C judges what was done so far. Exit code 0 when they did, 1 otherwise.
 */
const { values } = parseArgs({
  options: { jobs: { type: "string", default: "50000" }, minutes: { type: "string", default: "15" } },
});
const jobs = Number(values.jobs);
/** From here on everything that is loaded once and kept is there. */
const FIRST = 1_000;
const MOST_GROWTH = 1.2;
/** Sockets come and go with the load. */
const MOST_MORE_DESCRIPTORS = 10;
const BACKLOG = 200;
const SAMPLES_TOGETHER = 5;

interface Sample {
  jobs: number;
  rssMiB: number;
  descriptors: number;
}

const cutShort = new AbortController();
process.once("SIGINT", () => cutShort.abort());
const folder = await mkdtemp(join(tmpdir(), "drover-endurance-"));
try {
  await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "../../bootstrap/build.ts"),
    `${folder}/dist`,
  ]);
  const nothing = { name: "nothing", command: ["/bin/true"], expected: "success", share: 1 } as const;
  await writeServices(`${folder}/services`, [nothing]);
  const drover = [process.execPath, `${folder}/dist/drover.mjs`];
  const plain = { PATH: process.env["PATH"], HOME: folder };
  const cloud = await startCloud(drover, `${folder}/cloud`, plain);
  Object.assign(process.env, cloud.settings);
  const samples = await endure(drover, { ...plain, ...cloud.settings });
  await cloud.end();
  process.exitCode = judge(samples) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function endure(drover: readonly string[], env: NodeJS.ProcessEnv): Promise<Sample[]> {
  const done = new Set<string>();
  const receiver = createServer((request, response) => {
    done.add(String(request.headers["webhook-id"]));
    request.resume();
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const agent = startAgent(drover, env);
  const sqs = createSqsClients();
  const samples: Sample[] = [];
  try {
    const requests = await openQueue(sqs, "drover-requests");
    await feed(requests, url, done, agent, samples);
  } finally {
    agent.kill("SIGTERM");
    await once(agent, "exit");
    closeSqsClients(sqs);
    receiver.close();
    receiver.closeAllConnections();
  }
  return samples;
}

function startAgent(drover: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [program = "", ...first] = drover;
  const log = openSync(`${folder}/agent.log`, "a");
  const places = ["--work-dir", `${folder}/work`, "--services", `${folder}/services`];
  const agent = spawn(program, [...first, "agent", "--slots", "2", ...places], {
    env,
    stdio: ["ignore", log, log],
    detached: true, // Ctrl-C is for whoever measures
  });
  closeSync(log);
  process.once("exit", () => agent.kill("SIGKILL"));
  return agent;
}

/** Keeps the queue filled until every job has come back; takes a sample at every thousandth. */
async function feed(
  requests: Queue,
  url: string,
  done: ReadonlySet<string>,
  { pid = 0 }: ChildProcess,
  samples: Sample[],
): Promise<void> {
  const body = `<request service="nothing"><output type="callback" href="${url}"/></request>`;
  const startedAt = performance.now();
  const until = startedAt + Number(values.minutes) * 60_000;
  let sent = 0;
  while (done.size < jobs && performance.now() < until && !cutShort.signal.aborted) {
    const room = Math.min(jobs - sent, BACKLOG - (sent - done.size));
    if (room > 0) await Promise.all(Array.from({ length: Math.min(room, 10) }, () => requests.send(body)));
    else await new Promise((resolve) => setTimeout(resolve, 20));
    sent += Math.max(0, Math.min(room, 10));
    if (done.size < FIRST * (samples.length + 1)) continue;
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    const rssMiB = Math.round(residentBytesOf(pid) / 2 ** 20);
    samples.push({ jobs: done.size, rssMiB, descriptors });
    const perS = Math.round((done.size * 1000) / (performance.now() - startedAt));
    process.stderr.write(`${done.size} jobs, ${perS} a second: ${rssMiB} MiB, ${descriptors} descriptors\n`);
  }
}

function judge(samples: readonly Sample[]): boolean {
  const [first] = samples;
  const last = samples.slice(-SAMPLES_TOGETHER);
  if (first === undefined || samples.length < 2 * SAMPLES_TOGETHER) {
    process.stderr.write(`Too few jobs to judge by: ${lastWords()}\n`);
    return false;
  }
  const middle = (of: (it: Sample) => number) =>
    last.map(of).toSorted((a, b) => a - b)[last.length >> 1] ?? 0;
  const rssMiB = middle((it) => it.rssMiB);
  const descriptors = middle((it) => it.descriptors);
  const growth = rssMiB / first.rssMiB;
  const isFlat = growth <= MOST_GROWTH && descriptors <= first.descriptors + MOST_MORE_DESCRIPTORS;
  const end = { jobs: last.at(-1)?.jobs, rssMiB, descriptors };
  process.stdout.write(`${JSON.stringify({ first, end, growth: Number(growth.toFixed(3)), isFlat })}\n`);
  return isFlat;
}

function lastWords(): string {
  return readFileSync(`${folder}/agent.log`, "utf8").slice(-1_000);
}
