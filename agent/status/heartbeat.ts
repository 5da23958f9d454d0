import { reasonOf } from "../../base/errors.ts";
import type { Store } from "../../cloud/ports/store.ts";
import type { AgentContext } from "../context.ts";
import type { Worker } from "../worker.ts";

/** Once the agent has left, a store that makes no progress for so long is not waited for. */
const PATIENCE_MS = 2_000;
/** Patience is counted in naps: to a process that was stopped one of them is long, and the others are still to come. */
const NAP_MS = 250;

/**
 * Reports the instance's status, ships its log and looks for cancelled jobs, each every period and none waiting for
 * another, until the signal aborts; then the row goes, since an instance that left in order is no longer part of the
 * picture. Never rejects, and does not outlast the signal by more than 2 s when the store hangs.
 */
export async function reportStatus(
  context: AgentContext,
  store: Store,
  worker: Worker,
  facts: { version: string; pid: number; startedAt: number },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, settings, activity, cancellations, orders } = context;
  const reported = every(async () => {
    await orders.refresh();
    await worker.heed(orders.cordon); // so that the row says it at once
    await store.putStatus(rowOf(context, worker, facts));
  });
  const shipped = every(() => activity.ship());
  const looked = every(() => cancellations.refresh().then(() => worker.leaveCancelled()));
  const done = Promise.all([
    reported.then(() => attempt(() => store.deleteStatus(settings.instanceId))),
    shipped.then(() => activity.ship()), // to the last line
    looked,
  ]);
  await aborted(signal);
  await whileItMoves(context, done);

  async function every(work: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      await attempt(work);
      await clock.sleep(settings.statusPeriodS * 1000, signal).catch(() => undefined);
    }
  }

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.warn("status.not-reported", { reason: reasonOf(error) });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Resolves with the work, or as soon as no byte of the log has been shipped for a while. */
async function whileItMoves({ clock, activity }: AgentContext, work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  void work.then(end, end);
  for (let idleMs = 0; !ended.signal.aborted && idleMs < PATIENCE_MS; idleMs += NAP_MS) {
    const before = activity.shipped;
    await clock.sleep(NAP_MS, ended.signal).catch(() => undefined);
    if (activity.shipped !== before) idleMs = 0;
  }
}

function rowOf(
  { clock, settings, catalog }: AgentContext,
  worker: Worker,
  facts: { version: string; pid: number; startedAt: number },
) {
  const { runningS, waiting, settling, meanRunS } = worker.holdings();
  const { tally, cordon, polls, noticed } = worker;
  const offered = [...catalog.services.values()].filter((it) => it.missing.length === 0);
  return {
    instanceId: settings.instanceId,
    heartbeatAt: clock.now(),
    periodS: settings.statusPeriodS,
    state: worker.state,
    ...facts,
    slots: settings.slots,
    running: runningS.length,
    waiting,
    settling,
    ...worker.counts,
    // For the autoscaler: nothing is ended before its row says that it holds no message and asks for none.
    cordon: cordon ?? "",
    holding: worker.holding(),
    polls,
    noticed,
    idleS: worker.idleS(),
    received: tally.received,
    repeated: tally.repeated,
    asleep: tally.asleep(clock.monotonic()),
    work: tally.report(),
    meanRunS,
    oldestSentAt: worker.oldestSentAt(),
    services: offered.map((it) => it.manifest.name).join(" "),
  };
}
