import { systemFiles } from "../../base/system/files.ts";
import { lockFolder } from "../../base/system/lock.ts";
import type { AgentContext } from "../context.ts";
import type { Slots } from "../run/slots.ts";
import type { Installation } from "../../bootstrap/installed/installation.ts";
import { notifySystemd } from "../../bootstrap/installed/notify-systemd.ts";
import { channelPeriodMs, watchChannel } from "../../bootstrap/installed/watch-channel.ts";
import { leaseSlots } from "./slot-leases.ts";

/**
 * What an agent does because boot.sh has installed it: it shares the machine's slots with the agent it replaces, asks for
 * updates, and tells systemd that it lives. Until the signal aborts, when the worker has left.
 */
export async function liveInInstallation(
  { home }: Installation,
  context: AgentContext,
  slots: Slots,
  signal: AbortSignal,
): Promise<void> {
  const tools = { ...context, lock: lockFolder };
  await Promise.all([
    systemFiles
      .makeFolder(`${home}/shared/slots`)
      .then(() => leaseSlots(tools, `${home}/shared/slots`, context.settings.slots, slots, signal)),
    watchChannel(context, home, signal, channelPeriodMs(process.env)),
    notifySystemd(context, process.env, signal),
  ]);
}
