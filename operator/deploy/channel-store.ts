import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { DroverError } from "../../base/errors.ts";
import { type Channel, CHANNEL_KEY, openChannel, signChannel } from "../../bootstrap/release/channel.ts";
import type { Objects } from "../../cloud/ports/objects.ts";

/** Every channel file that was ever current, by serial; they are signed, so a rollback can trust what they name. */
const HISTORY = "releases/history/";

export interface ChannelTools {
  objects: Objects;
  clock: Clock;
  /** The private key. */
  key: KeyObject;
  publicKey: KeyObject;
  /** How long the fleet may go by the channel file before it must be signed anew, seconds. */
  validS: number;
}

/** Undefined before the first deploy. Throws `channel-malformed` or `channel-signature`. */
export async function readChannel(
  objects: Objects,
  publicKey: KeyObject,
): Promise<{ channel: Channel; etag: string } | undefined> {
  const found = await objects.get(CHANNEL_KEY);
  if (found === undefined) return undefined;
  return { channel: openChannel(new TextDecoder().decode(found.body), [publicKey]), etag: found.etag };
}

/**
 * Writes the next channel file, under the condition that the one it was made from is still current.
 * Throws `channel-moved` when somebody else was faster.
 */
export async function moveChannel(
  tools: ChannelTools,
  change: (now: Channel | undefined) => Pick<Channel, "release" | "previous" | "canary">,
): Promise<Channel> {
  const { objects, clock, key, publicKey, validS } = tools;
  const now = await readChannel(objects, publicKey);
  const next: Channel = {
    ...change(now?.channel),
    serial: (now?.channel.serial ?? 0) + 1,
    fleet: objects.bucket,
    expiresAtS: Math.floor(clock.now() / 1000) + validS,
  };
  const text = signChannel(next, key);
  await objects.put(historyKey(next.serial), text);
  const condition = now === undefined ? "absent" : { etag: now.etag };
  const put = await objects.put(CHANNEL_KEY, text, { condition, contentType: "text/plain" });
  // A condition that failed may be our own lost answer, so what lies there decides.
  const stored = await objects.get(CHANNEL_KEY);
  if (stored === undefined || new TextDecoder().decode(stored.body) !== text) {
    const who =
      put.outcome === "stored" ? "was overwritten at once" : "was changed by somebody else meanwhile";
    throw new DroverError(
      "channel-moved",
      `The channel file ${who}. Look at drover releases, then try again.`,
    );
  }
  return next;
}

/** Channels that were current once, the newest first; those that were not signed with our key are left out. */
export async function readHistory(objects: Objects, publicKey: KeyObject, max = 50): Promise<Channel[]> {
  const keys = (await objects.list(HISTORY)).slice(-max).toReversed();
  const found = await Promise.all(keys.map((key) => objects.get(key)));
  return found.flatMap((it) => {
    if (it === undefined) return [];
    try {
      return [openChannel(new TextDecoder().decode(it.body), [publicKey])];
    } catch (error) {
      if (error instanceof DroverError) return [];
      throw error;
    }
  });
}

function historyKey(serial: number): string {
  return `${HISTORY}${String(serial).padStart(15, "0")}`;
}
