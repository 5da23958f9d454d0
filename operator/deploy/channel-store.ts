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

type Choice = Pick<Channel, "release" | "previous" | "canary">;

/**
 * Writes the next channel file, under the condition that the one it was made from is still current.
 * Throws `channel-moved` when somebody else was faster.
 */
export async function moveChannel(
  tools: ChannelTools,
  change: (now: Channel | undefined) => Choice,
): Promise<Channel> {
  const { objects, publicKey } = tools;
  const [now, [last]] = await Promise.all([readChannel(objects, publicKey), readHistory(objects, publicKey)]);
  // Somebody may have played an old one again; instances want a serial above all that they have seen.
  const serial = Math.max(now?.channel.serial ?? 0, last?.serial ?? 0) + 1;
  return await writeChannel(tools, { ...change(now?.channel), serial }, now?.etag);
}

/** Puts the last channel file that we have signed in the place of whatever lies there. Throws `nothing-deployed`. */
export async function restoreChannel(tools: ChannelTools): Promise<Channel> {
  const { objects, publicKey } = tools;
  const [found, [last]] = await Promise.all([objects.get(CHANNEL_KEY), readHistory(objects, publicKey)]);
  if (last === undefined) {
    const message =
      "This key has signed no channel file of this fleet. Use the fleet's key (--key), or start with: drover deploy";
    throw new DroverError("nothing-deployed", message);
  }
  return await writeChannel(tools, { ...last, serial: last.serial + 1 }, found?.etag);
}

async function writeChannel(
  { objects, clock, key, validS }: ChannelTools,
  choice: Choice & { serial: number },
  etag: string | undefined,
): Promise<Channel> {
  const next: Channel = {
    ...choice,
    fleet: objects.bucket,
    expiresAtS: Math.floor(clock.now() / 1000) + validS,
  };
  const text = signChannel(next, key);
  // The serial is ours alone with this, also when we get no further.
  const kept = await objects.put(historyKey(next.serial), text, { condition: "absent" });
  if (kept.outcome !== "stored" && !(await lies(objects, historyKey(next.serial), text)))
    throw moved("was changed by somebody else meanwhile");
  const condition = etag === undefined ? "absent" : { etag };
  const put = await objects.put(CHANNEL_KEY, text, { condition, contentType: "text/plain" });
  if (!(await lies(objects, CHANNEL_KEY, text)))
    throw moved(
      put.outcome === "stored" ? "was overwritten at once" : "was changed by somebody else meanwhile",
    );
  return next;
}

/** A condition that failed may be our own lost answer, so what lies there decides. */
async function lies(objects: Objects, key: string, text: string): Promise<boolean> {
  const stored = await objects.get(key);
  return stored !== undefined && new TextDecoder().decode(stored.body) === text;
}

function moved(how: string): DroverError {
  return new DroverError(
    "channel-moved",
    `The channel file ${how}. Look at drover releases, then try again.`,
  );
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
