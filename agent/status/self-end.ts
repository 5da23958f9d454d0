import type { AgentContext } from "../context.ts";
import type { Worker } from "../worker.ts";

const LOOK_MS = 5_000;

/**
 * Ends the machine by itself when it has had no job for this long, and for as long nobody was heard who could end it: else
 * an instance whose scaler or store is gone would be paid for ever. Runs until the signal aborts.
 * @param idleS 0: never
 */
export async function endWhenForgotten(
  { clock, log, orders }: Pick<AgentContext, "clock" | "log" | "orders">,
  worker: Pick<Worker, "idleS" | "drain">,
  idleS: number,
  end: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (idleS === 0) return;
  while (!signal.aborted) {
    if (worker.idleS() >= idleS && orders.silentS() >= idleS) {
      log.warn("agent.forgotten", { idleS: worker.idleS(), silentS: orders.silentS() });
      await end();
      worker.drain();
      return;
    }
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}
