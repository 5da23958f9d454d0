import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Processes } from "../../base/processes.ts";

export interface NotifyTools {
  clock: Clock;
  log: Log;
  processes: Processes;
}

/** systemd ends a service that is silent for WatchdogSec; three signs of life fit in. */
const SIGNS_PER_PERIOD = 3;
const OUTPUT_BYTES = 1024;

/**
 * Tells systemd that the agent is ready, then that it is alive, until the signal aborts. Through `systemd-notify`,
 * since Node has no datagram sockets of the Unix kind. Does nothing where systemd does not ask (sd_notify(3)).
 */
export async function notifySystemd(
  tools: NotifyTools,
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<void> {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs, PATH: path = "/usr/bin:/bin" } = env;
  if (socket === undefined || socket === "") return;
  await tell(tools, "READY=1", socket, path);
  const periodMs = Number(watchdogUs ?? 0) / 1000 / SIGNS_PER_PERIOD;
  if (periodMs === 0) return;
  while (!signal.aborted) {
    await tell(tools, "WATCHDOG=1", socket, path);
    await tools.clock.sleep(periodMs, signal).catch(() => undefined);
  }
}

async function tell({ processes, log }: NotifyTools, state: string, socket: string, path: string) {
  try {
    const limits = { maxStdoutBytes: OUTPUT_BYTES, maxStderrBytes: OUTPUT_BYTES };
    const env = { NOTIFY_SOCKET: socket, PATH: path };
    const child = await processes.spawn(["systemd-notify", state], { cwd: "/", env, ...limits });
    const { code, stderrTail } = await child.exited;
    if (code !== 0) throw new Error(new TextDecoder().decode(stderrTail));
  } catch (error) {
    log.warn("release.systemd-not-told", { state, reason: reasonOf(error) });
  }
}
