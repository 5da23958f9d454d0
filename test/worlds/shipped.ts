import type { World } from "./world.ts";

/**
 * The activity log of an agent that left in order, when all was well, is whole in the store: every line of its file, and none twice. An agent
 * that was lost ships its lines when it comes back; a disk that failed or was cut may have lost some.
 */
export function unshipped({ machines, mishaps, wellFromMs, cloud: { logObjects } }: World): string[] {
  return machines.flatMap(({ host, files, leftAt, hasBegun, isReporting }) => {
    const at = leftAt();
    // A store that throttles may refuse the very last lines.
    if (!isReporting || host.dead || at === undefined || at < wellFromMs || mishaps.has("throttled"))
      return [];
    // What it found on its disk is shipped by the next one that starts there.
    if (!hasBegun()) return [];
    const file = files.contents.get(`/work/activity-${host.name}.log`) ?? new Uint8Array();
    const kept = linesOf(file);
    const there = [...logObjects.stored]
      .filter(([key]) => key.startsWith(`activity/${host.name}/`))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { body }]) => linesOf(body));
    const known = new Set(there);
    // Of a line that was cut on the disk the store may have the whole.
    const lost = kept.filter((it) => !known.has(it) && !there.some((whole) => whole.startsWith(it)));
    const wasRestarted = machines.some((it) => it.host !== host && it.host.name === host.name);
    const isTwice = there.length > kept.length && !wasRestarted && !mishaps.has("disk-failed");
    return [
      ...(lost.length > 0 ? [`${lost.length} lines of ${host.name}'s log never reached the store`] : []),
      ...(isTwice ? [`lines of ${host.name}'s log stand in the store twice`] : []),
    ];
  });
}

function linesOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes)
    .toString()
    .split("\n")
    .filter((it) => it !== "");
}
