import { reasonOf } from "../../base/errors.ts";
import type { AgentContext } from "../context.ts";

/** An alarm that hangs must not pile up. */
const LIMIT_MS = 30_000;
const OUTPUT_BYTES = 1_024;

/**
 * Starts the operator's alarm command, if there is one, with what happened in the environment variable DROVER_ALARM.
 * Never rejects: an alarm that fails is logged, and the job goes its way.
 */
export async function raiseAlarm(
  { processes, clock, log, settings }: AgentContext,
  alarm: { event: string; job: string; code: string; reason: string },
): Promise<void> {
  if (settings.alarm.length === 0) return;
  const { instanceId: instance, path, jobsDir: cwd } = settings;
  const env = { PATH: path, DROVER_ALARM: JSON.stringify({ ...alarm, instance }) };
  try {
    const limits = { maxStdoutBytes: OUTPUT_BYTES, maxStderrBytes: OUTPUT_BYTES };
    const child = await processes.spawn(settings.alarm, { cwd, env, ...limits });
    const cancel = clock.after(LIMIT_MS, () => child.kill("SIGKILL"));
    const { code, signal } = await child.exited;
    cancel();
    if (code !== 0) log.warn("alarm.failed", { job: alarm.job, reason: `exit ${code ?? signal ?? "?"}` });
  } catch (error) {
    log.warn("alarm.failed", { job: alarm.job, reason: reasonOf(error) });
  }
}
