import { type Finding, percentile, round } from "./figures.ts";
import { requestFor, type Service, type WorkerKind, type World } from "./world.ts";

/** Says when it started; the callback brings that back. */
const CLOCK: Service = { name: "clock", command: ["bash", "-c", 'echo "$EPOCHREALTIME"'], input: false };
const WARM = 20;

/** From the call of send() to the start of the program, on an agent that waits for work: one job at a time. */
export async function measureLatency(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const samples = quick ? 60 : 250;
  const found: Record<string, { p50Ms: number; p99Ms: number }> = {};
  for (const worker of [world.drover, world.rival(10)]) {
    const latencies = await latenciesOf(world, worker, samples);
    const figures = {
      p50Ms: round(percentile(latencies, 0.5), 1),
      p99Ms: round(percentile(latencies, 0.99), 1),
    };
    found[worker.name] = figures;
    say(`${worker.name}: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms`);
  }
  const [own, rival] = Object.values(found);
  if (own === undefined || rival === undefined) throw new Error("A worker was not measured.");
  return {
    rows: [
      {
        measure: `pick-up latency, ${samples} jobs`,
        drover: `p50 ${own.p50Ms} ms, p99 ${own.p99Ms} ms`,
        others: `sqs-consumer + execa p50 ${rival.p50Ms} ms, p99 ${rival.p99Ms} ms`,
        goal: "",
      },
    ],
    data: { samples, ...found },
  };
}

async function latenciesOf(world: World, worker: WorkerKind, samples: number): Promise<number[]> {
  const { receiver, requests } = world;
  receiver.reset();
  const running = await worker.start(CLOCK);
  const body = requestFor(CLOCK.name, receiver.url);
  const latencies: number[] = [];
  try {
    for (let i = 1; i <= WARM + samples; i++) {
      const sentAt = performance.timeOrigin + performance.now();
      const [answer] = await Promise.all([receiver.nth(i), requests.send(body)]);
      if (i > WARM) latencies.push(startedAt(answer) - sentAt);
    }
  } finally {
    await running.end();
  }
  return latencies;
}

/** Epoch milliseconds that the program printed. */
function startedAt(response: string): number {
  const [, seconds] = /(\d{10}\.\d{6})/.exec(response.replace(/<timings[^>]*>/, "")) ?? [];
  if (seconds === undefined) throw new Error(`The callback brought no time: ${response}`);
  return Number(seconds) * 1000;
}
