import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, round } from "./figures.ts";
import { startLimitedServer } from "./limited-server.ts";
import { requestFor, type Service, SLOTS, type WorkerKind, type World } from "./world.ts";

const INPUT_BYTES = 20_000_000;
/** Two slots of 1-second jobs need 40 MB/s of it when they never wait. */
const SERVER_BYTES_PER_S = 50_000_000;
const GOAL = 0.97;

/**
 * The share of the paid time in which programs run: jobs of one second with an input of 20 MB from a server that gives
 * 50 MB/s in all. The programs write down themselves when they start and end, with the shell's own clock.
 */
export async function measureShare(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const jobs = quick ? 12 : 40;
  const server = await startLimitedServer(INPUT_BYTES, SERVER_BYTES_PER_S);
  const shares: Record<string, number> = {};
  try {
    for (const worker of [world.drover, world.rival(1), world.rival(2), world.rival(10)]) {
      const share = await oneShare(world, worker, jobs, server.url);
      shares[worker.name] = round(share, 3);
      say(`${worker.name}: ${round(share * 100, 1)} %`);
    }
  } finally {
    await server.close();
  }
  const [own = 0, ...others] = Object.values(shares);
  return {
    rows: [
      {
        measure: "share of paid time in which programs run",
        drover: percent(own),
        others: `sqs-consumer + execa, ${others.map(percent).join(", ")} with 1, 2, 10 messages a receive`,
        goal: `≥ ${percent(GOAL)}`,
      },
    ],
    data: { jobs, inputBytes: INPUT_BYTES, serverBytesPerS: SERVER_BYTES_PER_S, shares },
  };
}

const percent = (share: number) => `${round(share * 100, 1)} %`;

async function oneShare(world: World, worker: WorkerKind, jobs: number, inputUrl: string): Promise<number> {
  const { receiver } = world;
  const record = join(world.folder, "times");
  await rm(record, { force: true });
  const script = 'echo "start $EPOCHREALTIME" >> "$0"; sleep 1; echo "end $EPOCHREALTIME" >> "$0"';
  const service: Service = {
    name: "second",
    command: ["bash", "-c", script, record, "{input}"],
    input: true,
  };
  receiver.reset();
  await world.enqueue(requestFor(service.name, receiver.url, inputUrl), jobs);
  const running = await worker.start(service);
  try {
    await receiver.nth(jobs);
  } finally {
    await running.end();
  }
  return shareOf(await readFile(record, "utf8"), jobs);
}

const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);

/** Total run time over slots × (last end − first start). */
function shareOf(record: string, jobs: number): number {
  const times = (event: string) =>
    [...record.matchAll(new RegExp(`^${event} (.+)$`, "gm"))].map(([, time]) => Number(time));
  const [starts, ends] = [times("start"), times("end")];
  if (starts.length !== jobs || ends.length !== jobs) {
    throw new Error(
      `${jobs} jobs started their program ${starts.length} times and ended it ${ends.length} times.`,
    );
  }
  return (sum(ends) - sum(starts)) / (SLOTS * (Math.max(...ends) - Math.min(...starts)));
}
