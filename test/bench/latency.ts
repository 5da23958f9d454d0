import { type Finding, percentile, round } from "./figures.ts";
import { requestFor, type Service, type WorkerKind, type World } from "./world.ts";

/** Says when it started; the callback brings that back. */
const CLOCK: Service = { name: "clock", command: ["bash", "-c", 'echo "$EPOCHREALTIME"'], input: false };
const WARM = 20;
/** A round. */
const SAMPLES = 50;

/**
 * From the call of send() to the start of the program, on a worker that waits for work: one job at a time, in
 * alternating rounds, since a busy machine slows whoever has its turn.
 */
export async function measureLatency(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const rounds = quick ? 1 : 4;
  const workers = [world.drover("auto"), world.drover("none"), world.rival(10)];
  const found = workers.map(({ name }) => ({ name, latencies: [] as number[] }));
  for (let i = 0; i < rounds; i++) {
    for (const [at, worker] of workers.entries()) {
      const latencies = await latenciesOf(world, worker, SAMPLES);
      found[at]?.latencies.push(...latencies);
      say(`${worker.name}: ${show(latencies)}`);
    }
  }
  const [confined = "", weaker = "", rival = ""] = found.map(({ latencies }) => show(latencies));
  return {
    rows: [
      {
        measure: `pick-up latency, ${rounds * SAMPLES} jobs`,
        drover: `${confined}, with sandbox none ${weaker}`,
        others: `sqs-consumer + execa ${rival}`,
        goal: "",
      },
    ],
    data: Object.fromEntries(found.map(({ name, latencies }) => [name, percentilesOf(latencies)])),
  };
}

function percentilesOf(latencies: readonly number[]) {
  const ms = (share: number) => round(percentile(latencies, share), 1);
  return { samples: latencies.length, p50Ms: ms(0.5), p99Ms: ms(0.99) };
}

function show(latencies: readonly number[]): string {
  const { p50Ms, p99Ms } = percentilesOf(latencies);
  return `p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
}

async function latenciesOf(world: World, worker: WorkerKind, samples: number): Promise<number[]> {
  const { receiver } = world;
  await world.startAfresh();
  const running = await worker.start(CLOCK);
  const body = requestFor(CLOCK.name, receiver.url);
  const latencies: number[] = [];
  try {
    for (let i = 1; i <= WARM + samples; i++) {
      const sentAt = nextMillisecond();
      const [answer] = await Promise.all([receiver.nth(i), world.send(body)]);
      if (i > WARM) latencies.push(startedAt(answer) - sentAt);
    }
  } finally {
    await running.end();
  }
  return latencies;
}

/** Epoch milliseconds, exact: the programs' clock, which performance.timeOrigin drifts away from within minutes. */
function nextMillisecond(): number {
  const before = Date.now();
  for (;;) {
    const now = Date.now();
    if (now !== before) return now;
  }
}

/** Epoch milliseconds that the program printed. */
function startedAt(response: string): number {
  const [, seconds] = /(\d{10}\.\d{6})/.exec(response.replace(/<timings[^>]*>/, "")) ?? [];
  if (seconds === undefined) throw new Error(`The callback brought no time: ${response}`);
  return Number(seconds) * 1000;
}
