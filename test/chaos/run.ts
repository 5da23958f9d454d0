import type { Random } from "../../base/random.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";
import { cloudEnvironment, startDrover } from "../support/fleet.ts";
import { judge, type Sent } from "./check.ts";
import { Herd } from "./herd.ts";
import { startReceiver } from "./receiver.ts";
import { retrying } from "./retrying.ts";

interface Options {
  folder: string;
  kills: number;
  agents: number;
  /** SEED:PROFILE of the cloud's nasty mode. */
  nasty: string;
  random: Random;
  say: (text: string) => void;
}

/** Jobs in the queue that keep the agents busy without burying them. */
const BACKLOG = 40;
/** After the faults stop everything must be delivered within two visibility timeouts and the longest back-off. */
const SETTLE_MS = 120_000;

/** Resolves to true when every promise held. Prints what was done and what was found. */
export async function runChaos({ folder, kills, agents, nasty, random, say }: Options): Promise<boolean> {
  const started = performance.now();
  const cloud = startDrover(["cloud", "--dir", `${folder}/cloud`, "--nasty", nasty], process.env);
  const { endpoint } = JSON.parse(await cloud.line(/"endpoint"/)) as { endpoint: string };
  try {
    return await withCloud(endpoint, { folder, kills, agents, random, say }, started);
  } finally {
    await cloud.end("SIGTERM");
  }
}

async function withCloud(
  endpoint: string,
  { folder, kills, agents, random, say }: Omit<Options, "nasty">,
  started: number,
): Promise<boolean> {
  const env = { ...process.env, ...(await cloudEnvironment(folder)) };
  Object.assign(process.env, env);
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  const open = (name: string) => openQueue(sqs, name);
  const [requests, responses, deliveries, dead] = await Promise.all([
    open("drover-requests"),
    open("drover-responses"),
    open("drover-deliveries"),
    open("drover-dead"),
  ]);
  const receiver = await startReceiver(() => random.next());
  const herd = new Herd({ folder, env, endpoint, chance: () => random.next(), maxKills: kills });
  await herd.start(agents);
  const sent: Sent[] = [];
  let said = 0;
  while (!herd.done) {
    const { visible } = await retrying(() => requests.counts());
    if (visible < BACKLOG) sent.push(...(await sendSome(requests, receiver.url, random)));
    else await new Promise((done) => setTimeout(done, 50));
    const { deeds } = herd;
    if (deeds.kills + deeds.stops >= said + 10) {
      said = deeds.kills + deeds.stops;
      say(
        `${sent.length} jobs sent, ${deeds.kills} kills, ${deeds.stops} stops, ${deeds.drops} connections cut`,
      );
    }
  }
  herd.behave();
  receiver.behave();
  const settledMs = await settled([requests, deliveries]);
  const left = await herd.end();
  const verdict = await judge(
    sent,
    receiver.arrivals,
    await drainQueue(responses),
    await drainQueue(dead),
    openBucket(s3, "drover"),
  );
  receiver.close();
  closeSqsClients(sqs);
  closeS3Clients(s3);
  const { deeds } = herd;
  const report = {
    ...verdict,
    ...deeds,
    settledMs,
    left,
    seconds: Math.round((performance.now() - started) / 1000),
  };
  process.stdout.write(`${JSON.stringify(report, undefined, 1)}\n`);
  const broken = [
    verdict.lost,
    verdict.foreign,
    verdict.twoBodies,
    verdict.altered,
    verdict.wrongStatus,
    deeds.crashes,
    left.processes,
    left.files,
  ];
  // Each repeat needs a cause; one fault leaves the outcome of what an agent has in hand unknown: a handful of jobs.
  const excused = verdict.repeats <= 6 * (deeds.kills + deeds.stops) + deeds.drops + sent.length * 0.05;
  return broken.every((it) => it.length === 0) && settledMs !== undefined && excused;
}

/** Sends one of each kind; only what the queue acknowledged counts as sent. */
async function sendSome(requests: Queue, callback: string, random: Random): Promise<Sent[]> {
  const service = ["quick", "quick", "slow", "fails"][Math.floor(random.next() * 4)] ?? "quick";
  const outputs = {
    callback: `<output type="callback" href="${callback}"/>`,
    queue: '<output type="queue"/>',
    store: '<output type="store"/>',
  };
  const expected = service === "fails" ? "failed" : "success";
  const sends = (["callback", "callback", "queue", "store"] as const).map(async (output): Promise<Sent[]> => {
    const reference = random.uuid();
    try {
      const id = await requests.send(
        `<request service="${service}" reference="${reference}">${outputs[output]}</request>`,
      );
      return [{ id, reference, output, expected }];
    } catch {
      return [{ id: undefined, reference, output, expected }]; // refused, or its answer was lost: it may come or not
    }
  });
  return (await Promise.all(sends)).flat();
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
    const messages = await retrying(() => queue.receive({ max: 10, waitS: 0, visibilityTimeoutS: 30 }));
    for (const it of messages) found.set(it.id, it);
    if (messages.length > 0) await retrying(() => queue.delete(messages.map((it) => it.receiptHandle)));
    const { visible, inFlight, delayed } = await retrying(() => queue.counts());
    if (visible + inFlight + delayed === 0) return [...found.values()];
  }
}
