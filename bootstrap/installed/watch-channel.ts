import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { CHANNEL_KEY } from "../release/channel.ts";
import type { Objects } from "../../cloud/ports/objects.ts";

export interface WatchTools {
  clock: Clock;
  random: Random;
  files: Files;
  objects: Objects;
  log: Log;
}

/** A request for each look; a fleet of a thousand asks about seventy times a second at this pace. */
const PERIOD_MS = 15_000;

/** DROVER_CHANNEL_PERIOD_S, for fleets where a look costs nothing. */
export function channelPeriodMs(env: Record<string, string | undefined>): number {
  const periodS = Number(env["DROVER_CHANNEL_PERIOD_S"] ?? "");
  return periodS > 0 ? periodS * 1000 : PERIOD_MS;
}

/**
 * Asks for an update whenever the channel file is another one than boot.sh has dealt with. A HEAD is enough: the daemon
 * judges nothing, boot.sh does. Looks are spread out, so that a fleet does not ask in step.
 */
export async function watchChannel(
  { clock, random, files, objects, log }: WatchTools,
  home: string,
  signal: AbortSignal,
  periodMs = PERIOD_MS,
): Promise<void> {
  const wish = `${home}/shared/update-wanted`;
  while (!signal.aborted) {
    await clock.sleep(periodMs * (0.5 + random.next()), signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const head = await objects.head(CHANNEL_KEY);
      if (head === undefined || plain(head.etag) === (await dealtWith(files, home))) continue;
      log.info("release.update-wanted", { etag: plain(head.etag) });
      await files.write(wish, new Uint8Array());
    } catch (error) {
      log.warn("release.channel-unreachable", { reason: reasonOf(error) });
    }
  }
}

async function dealtWith(files: Files, home: string): Promise<string | undefined> {
  const path = `${home}/state/etag`;
  if ((await files.size(path)) === undefined) return undefined;
  return new TextDecoder().decode(await files.read(path)).trim();
}

function plain(etag: string): string {
  return etag.replaceAll('"', "");
}
