import { type Finding, median, round } from "./figures.ts";
import { residentBytesOf } from "./process-stats.ts";
import { requestFor, type Service, type World } from "./world.ts";

const NOTHING: Service = { name: "nothing", command: ["/bin/true"], input: false };
const GOAL_BYTES = 120e6;
const GOAL_READY_MS = 500;

/** Memory of an agent that waits, and how soon after its start it sends the first poll. */
export async function measureIdle(
  world: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const starts = quick ? 3 : 5;
  const settleMs = quick ? 3_000 : 30_000;
  const readyMs: number[] = [];
  for (let i = 0; i < starts; i++) {
    const agent = await world.drover("auto").start(NOTHING);
    readyMs.push(performance.now() - agent.startedAt);
    await agent.end();
  }
  say(`ready after ${readyMs.map((it) => round(it, 0)).join(", ")} ms`);
  await world.startAfresh();
  const agent = await world.drover("auto").start(NOTHING);
  await wait(settleMs);
  const fresh = residentBytesOf(agent.pid);
  const jobs = quick ? 100 : 400;
  await world.enqueue(requestFor(NOTHING.name, world.receiver.url), jobs);
  await world.receiver.nth(jobs);
  await wait(settleMs);
  const worked = residentBytesOf(agent.pid);
  await agent.end();
  return {
    rows: [
      {
        measure: `memory of an idle agent, ${settleMs / 1000} s after its start`,
        drover: mb(fresh),
        others: `${mb(worked)} when idle again after ${jobs} jobs`,
        goal: `≤ ${mb(GOAL_BYTES)}`,
      },
      {
        measure: `process start to first poll, median of ${starts}`,
        drover: `${round(median(readyMs), 0)} ms`,
        others: "",
        goal: `≤ ${GOAL_READY_MS} ms`,
      },
    ],
    data: { readyMs: readyMs.map((it) => round(it, 0)), freshBytes: fresh, workedBytes: worked },
  };
}

const mb = (bytes: number) => `${round(bytes / 1e6, 0)} MB`;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
