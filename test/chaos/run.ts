import type { Random } from "../../base/random.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";
import { startCloud } from "./cloud.ts";
import { judge, type Sent, type Verdict } from "./check.ts";
import { Herd } from "./herd.ts";
import { type Program, pickProgram } from "./programs.ts";
import { startReceiver } from "./receiver.ts";
import { retrying } from "./retrying.ts";
import { Witness } from "./witness.ts";

export interface ChaosOptions {
  folder: string;
  /** How the command is started: a program and its first arguments. */
  drover: readonly string[];
  programs: readonly Program[];
  /** Stands in the command line of everything that should not survive its job. */
  word: string;
  kills: number;
  jobs: number;
  agents: number;
  /** Nothing more is done or sent after so many seconds, nor when the signal aborts; what was, is judged all the same. */
  limitS: number;
  cutShort: AbortSignal;
  /** SEED:PROFILE of the cloud's nasty mode. */
  nasty: string;
  random: Random;
  say: (text: string) => void;
}

export interface Report extends Verdict {
  kills: number;
  stops: number;
  connectionsCut: number;
  refusedByTheCloud: number;
  crashes: string[];
  left: { processes: string[]; files: string[] };
  /** Milliseconds from the last fault until nothing was queued; undefined when that never came. */
  settledMs: number | undefined;
  seconds: number;
  isCutShort: boolean;
}

/** Jobs in the queue that keep one agent busy without burying it. */
const BACKLOG = 15;
/** After the faults stop everything must be delivered within two visibility timeouts and the longest back-off. */
const SETTLE_MS = 120_000;
const SAY_MS = 10_000;

/** Plays it to its end and judges it. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { folder, drover, nasty } = options;
  const plain = { PATH: process.env["PATH"], HOME: folder, NODE_COMPILE_CACHE: `${folder}/compiled` };
  const cloud = await startCloud(drover, `${folder}/cloud`, plain, nasty);
  Object.assign(process.env, cloud.settings); // for the sender's and the checker's own clients
  try {
    return await withCloud(cloud.endpoint, { ...plain, ...cloud.settings }, options);
  } finally {
    await cloud.end();
  }
}

async function withCloud(endpoint: string, env: NodeJS.ProcessEnv, options: ChaosOptions): Promise<Report> {
  const startedAt = performance.now();
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  const open = (name: string) => openQueue(sqs, `drover-${name}`);
  const [requests, responses, deliveries, dead] = await Promise.all([
    open("requests"),
    open("responses"),
    open("deliveries"),
    open("dead"),
  ]);
  const { folder, drover, random, kills, jobs } = options;
  const witness = new Witness();
  const receiver = await startReceiver(() => random.next());
  const sent: Sent[] = [];
  const mayHaveKilled = () => Math.min(kills, Math.ceil((kills * sent.length) / jobs));
  const herd = new Herd({ folder, env, drover, endpoint, random, witness, mayHaveKilled });
  await herd.start(options.agents);
  const isCutShort = await stir(options, { requests, sent, witness, url: receiver.url });
  options.say("the faults have stopped: waiting until nothing is queued");
  herd.behave();
  receiver.behave();
  const settledMs = await settled([requests, deliveries]);
  options.say(`nothing is queued after ${settledMs ?? "more than 120,000"} ms: the agents are told to leave`);
  const left = await herd.end(options.word);
  options.say("every agent has left: what was sent and what arrived is compared");
  const evidence = {
    sent,
    arrivals: receiver.arrivals,
    responses: await drainQueue(responses),
    dead: await drainQueue(dead),
    objects: openBucket(s3, "drover"),
    witness,
  };
  const verdict = await judge(evidence);
  receiver.close();
  closeSqsClients(sqs);
  closeS3Clients(s3);
  const { counts } = witness;
  return {
    ...verdict,
    kills: counts.killed,
    stops: counts.stopped,
    connectionsCut: counts.cut,
    refusedByTheCloud: counts.refused,
    crashes: herd.crashes,
    left,
    settledMs,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    isCutShort,
  };
}

/** Promises of guarantees that the report breaks, in words; empty when all were kept. */
export function brokenPromises(report: Report): string[] {
  const lists = {
    lost: report.lost,
    foreign: report.foreign,
    "two bodies": report.twoBodies,
    altered: report.altered,
    "wrong outcome": report.wrongStatus,
    "repeat without a reason": report.unexplained,
    "agent ended by itself": report.crashes,
    "process left": report.left.processes,
    "file left": report.left.files,
  };
  return [
    ...Object.entries(lists).flatMap(([what, all]) => all.slice(0, 5).map((it) => `${what}: ${it}`)),
    ...(report.settledMs === undefined ? ["jobs were still queued two minutes after the last fault"] : []),
  ];
}

/** Sends jobs while agents die, until there were enough of both. Resolves to true when it was ended before. */
async function stir(
  { agents, kills, jobs, limitS, cutShort, programs, random, say }: ChaosOptions,
  { requests, sent, witness, url }: { requests: Queue; sent: Sent[]; witness: Witness; url: string },
): Promise<boolean> {
  const startedAt = performance.now();
  let saidAt = startedAt;
  let acknowledged = 0;
  while (acknowledged < jobs || witness.counts.killed < kills) {
    const now = performance.now();
    if (cutShort.aborted || now - startedAt > limitS * 1000) return true;
    const { visible } = await retrying(() => requests.counts());
    if (visible < BACKLOG * agents) {
      const fresh = await sendSome(requests, url, programs, random);
      sent.push(...fresh);
      acknowledged += fresh.filter(({ id }) => id !== undefined).length;
    } else await new Promise((done) => setTimeout(done, 50));
    if (now - saidAt < SAY_MS) continue;
    saidAt = now;
    const { killed, stopped, cut } = witness.counts;
    const seconds = Math.round((now - startedAt) / 1000);
    say(`${seconds} s: ${sent.length} jobs sent, ${killed} kills, ${stopped} stops, ${cut} connections cut`);
  }
  return false;
}

const OUTPUTS = ["callback", "callback", "queue", "store"] as const;

/** Sends one to each kind of output; only what the queue acknowledged counts as sent. */
async function sendSome(
  requests: Queue,
  callback: string,
  programs: readonly Program[],
  random: Random,
): Promise<Sent[]> {
  const sends = OUTPUTS.map(async (output): Promise<Sent> => {
    const reference = random.uuid();
    const program = pickProgram(programs, random);
    const href = output === "callback" ? ` href="${callback}"` : "";
    const told = `<output type="${output}"${href}/>`;
    const job = { reference, output, program };
    try {
      const body = `<request service="${program.name}" reference="${reference}">${told}</request>`;
      return { ...job, id: await requests.send(body) };
    } catch {
      return { ...job, id: undefined }; // refused, or its answer was lost: it may come or not
    }
  });
  return await Promise.all(sends);
}

/** Milliseconds until the queues were empty, or undefined when they did not get so. */
async function settled(queues: readonly Queue[]): Promise<number | undefined> {
  const from = performance.now();
  while (performance.now() - from < SETTLE_MS) {
    const counts = await Promise.all(queues.map((it) => retrying(() => it.counts())));
    if (counts.every(({ visible, inFlight, delayed }) => visible + inFlight + delayed === 0)) {
      return Math.round(performance.now() - from);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return undefined;
}

/** Every message of a queue; nasty mode may hand one out twice or answer empty, so it is asked until it is empty. */
async function drainQueue(queue: Queue): Promise<QueueMessage[]> {
  const found = new Map<string, QueueMessage>();
  for (;;) {
    const messages = await retrying(() => queue.receive({ max: 10, waitS: 0, visibilityTimeoutS: 5 }));
    for (const it of messages) found.set(it.id, it);
    if (messages.length > 0) await retrying(() => queue.delete(messages.map((it) => it.receiptHandle)));
    const { visible, inFlight, delayed } = await retrying(() => queue.counts());
    if (visible + inFlight + delayed === 0) return [...found.values()];
  }
}
