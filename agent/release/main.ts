import { systemFiles } from "../../base/system/files.ts";
import { lockFolder } from "../../base/system/lock.ts";
import type { AgentContext } from "../context.ts";
import type { Slots } from "../run/slots.ts";
import type { Worker } from "../worker.ts";
import type { Installation } from "./installation.ts";
import { notifySystemd } from "./notify-systemd.ts";
import { leaseSlots } from "./slot-leases.ts";
import { watchChannel } from "./watch-channel.ts";

/**
 * What an agent does because boot.sh has installed it: it shares the machine's slots with the agent it replaces, asks for
 * updates, and tells systemd that it lives. Until the signal aborts, when the worker has left.
 */
export async function liveInInstallation(
  { home }: Installation,
  context: AgentContext,
  worker: Worker,
  slots: Slots,
  signal: AbortSignal,
): Promise<void> {
  const tools = { ...context, lock: lockFolder };
  const periodS = Number(process.env["DROVER_CHANNEL_PERIOD_S"] ?? "");
  // Local instances hang on a pipe from the one who started them, and leave when it is gone, however it went.
  if (process.env["DROVER_STOP_WITH_STDIN"] !== undefined) {
    process.stdin.once("end", () => worker.stop()).resume();
    signal.addEventListener("abort", () => process.stdin.destroy(), { once: true });
  }
  await Promise.all([
    systemFiles
      .makeFolder(`${home}/shared/slots`)
      .then(() => leaseSlots(tools, `${home}/shared/slots`, context.settings.slots, slots, signal)),
    watchChannel(context, home, signal, periodS > 0 ? periodS * 1000 : undefined),
    notifySystemd(context, process.env, signal),
  ]);
}
