import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Installation } from "../../bootstrap/installed/installation.ts";
import { reportingRelease, sayLeft, sayReady } from "../../bootstrap/installed/report.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { RECORD } from "./record.ts";
import { SCALING } from "./reports.ts";

export interface HostTools {
  clock: Clock;
  files: Files;
  log: Log;
  store: Store;
}

/**
 * Tells boot.sh that the scaler works, which is when it has reached the store. On a control host, where no agent speaks for
 * the machine, it also reports the machine's release every period until the signal aborts. Never rejects.
 */
export async function reportInstalled(
  { clock, files, log, store }: HostTools,
  installation: Installation,
  facts: { instanceId: string; version: string; periodS: number; startedAt: number },
  signal: AbortSignal,
): Promise<void> {
  const isAlone = !installation.daemons.includes("agent");
  const reporting = reportingRelease(store, files, installation, () => 0);
  const { instanceId } = facts;
  const report = async () => {
    if (isAlone)
      return await reporting.putStatus({ ...facts, state: SCALING, slots: 0, heartbeatAt: clock.now() });
    await store.readRecord(RECORD);
    await sayReady(files, installation);
  };
  let isReady = false;
  while (!signal.aborted) {
    if (isAlone || !isReady) isReady = await attempt(log, report);
    await clock.sleep(facts.periodS * 1000, signal).catch(() => undefined);
  }
  if (isAlone) await attempt(log, () => store.deleteStatus(instanceId));
  await attempt(log, () => sayLeft(files, installation));
}

async function attempt(log: Log, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    log.warn("scaler.not-reported", { reason: reasonOf(error) });
    return false;
  }
}
