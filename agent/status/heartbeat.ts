import { reasonOf } from "../../base/errors.ts";
import type { Store } from "../../cloud/ports/store.ts";
import type { AgentContext } from "../context.ts";
import type { Worker } from "../worker.ts";

/**
 * Reports the instance's status and ships its log, every period, until the signal aborts; then the row goes, since
 * an instance that left in order is no longer part of the picture. Never rejects.
 */
export async function reportStatus(
  context: AgentContext,
  store: Store,
  worker: Worker,
  facts: { version: string; pid: number; startedAt: number },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, settings, activity } = context;
  while (!signal.aborted) {
    await attempt(() => store.putStatus(rowOf(context, worker, facts)));
    await activity.ship();
    await context.cancellations.refresh();
    worker.leaveCancelled();
    await clock.sleep(settings.statusPeriodS * 1000, signal).catch(() => undefined);
  }
  await activity.ship();
  await attempt(() => store.deleteStatus(settings.instanceId));

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.warn("status.not-reported", { reason: reasonOf(error) });
    }
  }
}

function rowOf(
  { clock, settings, catalog }: AgentContext,
  worker: Worker,
  facts: { version: string; pid: number; startedAt: number },
) {
  const { runningS, waiting, settling, meanRunS } = worker.holdings();
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
    meanRunS,
    oldestSentAt: worker.oldestSentAt(),
    services: offered.map((it) => it.manifest.name).join(" "),
  };
}
