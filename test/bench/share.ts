import { type Finding, round } from "./figures.ts";
import { startLimitedServer } from "./limited-server.ts";
import { requestFor, type Service, SLOTS, type WorkerKind, type World } from "./world.ts";

const INPUT_BYTES = 20_000_000;
/** Two slots of 1-second jobs need 40 MB/s of it when they never wait. */
const SERVER_BYTES_PER_S = 50_000_000;
const GOAL = 0.97;

/**
 * The share of the paid time in which programs run: jobs of one second with an input of 20 MB from a server that gives
 * 50 MB/s in all. The programs themselves say when they start and end, by the shell's own clock; the callbacks bring it.
 */
export async function measureShare(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const jobs = quick ? 12 : 30;
  const server = await startLimitedServer(INPUT_BYTES, SERVER_BYTES_PER_S);
  const shares: Record<string, number> = {};
  try {
    const batches = quick ? [2] : [1, 2, 10];
    for (const worker of [world.drover("auto"), ...batches.map((it) => world.rival(it))]) {
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
        others: `sqs-consumer + execa ${others.map(percent).join(", ")}, with ${quick ? "2" : "1, 2, 10"} messages a receive`,
        goal: `≥ ${percent(GOAL)}`,
      },
    ],
    data: { jobs, inputBytes: INPUT_BYTES, serverBytesPerS: SERVER_BYTES_PER_S, shares },
  };
}

const percent = (share: number) => `${round(share * 100, 1)} %`;

const SECOND: Service = {
  name: "second",
  command: ["bash", "-c", 'echo "start $EPOCHREALTIME"; sleep 1; echo "end $EPOCHREALTIME"', "{input}"],
  input: true,
};

async function oneShare(world: World, worker: WorkerKind, jobs: number, inputUrl: string): Promise<number> {
  const { receiver } = world;
  await world.startAfresh();
  await world.enqueue(requestFor(SECOND.name, receiver.url, inputUrl), jobs);
  const running = await worker.start(SECOND);
  try {
    await receiver.nth(jobs);
  } finally {
    await running.end();
  }
  return shareOf(receiver.bodies);
}

const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);

/** Total run time over slots × (last end − first start). */
function shareOf(responses: readonly string[]): number {
  const times = (event: string) =>
    responses.map((it) => {
      const [, time] = new RegExp(`${event} (\\d+\\.\\d+)`).exec(it) ?? [];
      if (time === undefined) throw new Error(`A job brought no time of its ${event}: ${it}`);
      return Number(time);
    });
  const [starts, ends] = [times("start"), times("end")];
  return (sum(ends) - sum(starts)) / (SLOTS * (Math.max(...ends) - Math.min(...starts)));
}
