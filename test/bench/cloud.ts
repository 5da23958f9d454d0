import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, round } from "./figures.ts";
import { start, type Started } from "./processes.ts";
import { type Signer, Wire } from "./wire.ts";
import type { World } from "./world.ts";

const BODY = "x".repeat(1_024);

interface Figures {
  sends: number;
  receiveDeletes: number;
}

interface Server {
  name: string;
  endpoint: string;
  signer: Signer;
  process: Started;
}

/** The embedded cloud's SQS beside fauxqs, both durable on SQLite in the same way, and one queue far longer than another. */
export async function measureCloud(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const { folder, bundles, env } = world;
  const ours = start(
    [process.execPath, bundles.drover, "cloud", "--dir", `${folder}/cloud-bench`],
    env,
    folder,
  );
  const theirs = start(
    [process.execPath, join(import.meta.dirname, "fauxqs-server.ts"), `${folder}/fauxqs`],
    env,
    folder,
  );
  const credentials = JSON.parse(await readyFile(ours, `${folder}/cloud-bench/credentials.json`)) as Omit<
    Signer,
    "region"
  >;
  const drover = await serverOf("embedded cloud", ours, { ...credentials, region: "us-east-1" });
  const fauxqs = await serverOf("fauxqs", theirs, {
    accessKeyId: "x",
    secretAccessKey: "x",
    region: "us-east-1",
  });
  const data: Record<string, unknown> = {};
  const rows: Finding["rows"] = [];
  for (const connections of [1, 8]) {
    const count = (quick ? 500 : 2_000) * Math.min(4, connections);
    const own = await throughput(drover, connections, count);
    const other = await throughput(fauxqs, connections, count);
    data[`connections${connections}`] = { drover: own, fauxqs: other };
    for (const [key, what] of [
      ["sends", "sends"],
      ["receiveDeletes", "receives + deletes"],
    ] as const) {
      const ratio = round(own[key] / other[key], 2);
      say(`${what}, ${connections} connections: ${own[key]} against ${other[key]} a second, ratio ${ratio}`);
      rows.push({
        measure: `embedded cloud: ${what} a second, ${connections} connection${connections > 1 ? "s" : ""}, 1 KiB`,
        drover: `${own[key]}`,
        others: `fauxqs 2.4.1 ${other[key]}, ratio ${ratio}`,
        goal: "ratio ≥ 1.5",
      });
    }
  }
  const depth = await depthCost(drover, quick ? 100_000 : 1_000_000, say);
  const memoryMb = round(residentBytes(ours.pid) / 1e6, 0);
  rows.push({
    measure: `embedded cloud: one send + receive + delete, ${depth.long} messages waiting`,
    drover: `${depth.longUs} µs`,
    others: `with 1,000 waiting ${depth.shortUs} µs, ratio ${depth.ratio}`,
    goal: "ratio ≤ 1.5",
  });
  rows.push({
    measure: "embedded cloud: peak memory meanwhile",
    drover: `${memoryMb} MB`,
    others: "",
    goal: "≤ 200 MB",
  });
  await Promise.all([ours.end(), theirs.end()]);
  return { rows, data: { ...data, depth, memoryMb } };
}

async function readyFile(server: Started, path: string): Promise<string> {
  await server.line(/"endpoint"/);
  return readFileSync(path, "utf8");
}

async function serverOf(name: string, process: Started, signer: Signer): Promise<Server> {
  const { endpoint } = JSON.parse(await process.line(/"endpoint"/)) as { endpoint: string };
  return { name, endpoint, signer, process };
}

let queues = 0;

async function createQueue(wire: Wire): Promise<string> {
  const answer = await wire.call("CreateQueue", JSON.stringify({ QueueName: `bench-${++queues}` }));
  return (JSON.parse(answer) as { QueueUrl: string }).QueueUrl;
}

/** Each connection does one call after the other; `count` of them in all, after a warm-up of a tenth. */
async function throughput(
  { endpoint, signer }: Server,
  connections: number,
  count: number,
): Promise<Figures> {
  const wires = Array.from({ length: connections }, () => new Wire(endpoint, signer));
  const [first] = wires;
  if (first === undefined) throw new Error("A load needs a connection.");
  const url = await createQueue(first);
  const sending = (wire: Wire) => send(wire, url);
  await each(wires, count / 10, sending);
  await each(wires, count / 10, (wire) => receiveAndDelete(wire, url));
  const sends = await each(wires, count, sending);
  const receiveDeletes = await each(wires, count, (wire) => receiveAndDelete(wire, url));
  for (const wire of wires) wire.close();
  return { sends: round(count / sends, 0), receiveDeletes: round(count / receiveDeletes, 0) };
}

/** Resolves to the seconds that it took. */
async function each(
  wires: readonly Wire[],
  count: number,
  work: (wire: Wire) => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    wires.map(async (wire) => {
      for (let i = 0; i < count / wires.length; i++) await work(wire);
    }),
  );
  return (performance.now() - startedAt) / 1000;
}

async function send(wire: Wire, url: string): Promise<void> {
  await wire.call("SendMessage", JSON.stringify({ QueueUrl: url, MessageBody: BODY }), true);
}

async function receiveAndDelete(wire: Wire, url: string): Promise<void> {
  const answer = await wire.call(
    "ReceiveMessage",
    JSON.stringify({ QueueUrl: url, MaxNumberOfMessages: 1 }),
    true,
  );
  const [message] = (JSON.parse(answer) as { Messages?: { ReceiptHandle: string }[] }).Messages ?? [];
  if (message === undefined) throw new Error("A full queue answered empty.");
  await wire.call("DeleteMessage", JSON.stringify({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
}

/** What one message costs in a short and in a long queue, microseconds, in turns. */
async function depthCost({ endpoint, signer }: Server, long: number, say: (text: string) => void) {
  const wires = Array.from({ length: 8 }, () => new Wire(endpoint, signer));
  const [wire] = wires;
  if (wire === undefined) throw new Error("A load needs a connection.");
  const [shortUrl, longUrl] = [await createQueue(wire), await createQueue(wire)];
  await fill(wires, shortUrl, 1_000);
  say(`filling a queue with ${long} messages`);
  await fill(wires, longUrl, long);
  const cycles = 500;
  const samples: { short: number[]; long: number[] } = { short: [], long: [] };
  for (let turn = 0; turn < 5; turn++) {
    for (const [url, into] of [
      [shortUrl, samples.short],
      [longUrl, samples.long],
    ] as const) {
      const seconds = await each([wire], cycles, async (it) => {
        await send(it, url);
        await receiveAndDelete(it, url);
      });
      into.push((seconds / cycles) * 1e6);
    }
  }
  for (const it of wires) it.close();
  const [shortUs, longUs] = [Math.min(...samples.short), Math.min(...samples.long)];
  say(
    `a message costs ${round(shortUs, 0)} µs in a queue of 1,000, ${round(longUs, 0)} µs in one of ${long}`,
  );
  return { long, shortUs: round(shortUs, 0), longUs: round(longUs, 0), ratio: round(longUs / shortUs, 2) };
}

async function fill(wires: readonly Wire[], url: string, count: number): Promise<void> {
  const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: String(i), MessageBody: BODY }));
  const batch = JSON.stringify({ QueueUrl: url, Entries });
  await each(wires, count / 10, async (wire) => {
    await wire.call("SendMessageBatch", batch, true);
  });
}

function residentBytes(pid: number): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return Number(peak) * 1024;
}
