import { type KeyObject, sign, verify } from "node:crypto";
import { DroverError } from "../../base/errors.ts";
import { isTree } from "./tree.ts";

/** A release as the channel names it. */
export interface ReleaseRef {
  version: string;
  manifestSha256: string;
}

/** What the fleet should run. */
export interface Channel {
  /** Rises with every change; an instance refuses one lower than the highest it has seen. */
  serial: number;
  /** The bucket: a channel of one fleet is none for another. */
  fleet: string;
  /** Epoch seconds. Afterwards instances keep what they run, and new ones refuse to start. */
  expiresAtS: number;
  release: ReleaseRef;
  /** What was current before, for `drover rollback`. */
  previous: ReleaseRef | undefined;
  /**
   * Instances that run another release for a while. They are named, since a share alone cannot promise that at least
   * one tries it and never all.
   */
  canary: (ReleaseRef & { instances: readonly string[] }) | undefined;
}

export const CHANNEL_KEY = "releases/channel";
const HEAD = "drover-channel 1 ";

/**
 * The channel file: a line with the signature, then the signed text, JSON with one value on each line for boot.sh.
 * One object, so that text and signature can never be of different writes.
 */
export function signChannel(channel: Channel, key: KeyObject): string {
  const payload = payloadOf(channel);
  return `${HEAD}${sign(null, Buffer.from(payload), key).toString("base64")}\n${payload}`;
}

function payloadOf({ serial, fleet, expiresAtS, release, previous, canary }: Channel): string {
  const values = {
    serial,
    fleet,
    expires_at_s: expiresAtS,
    version: release.version,
    manifest_sha256: release.manifestSha256,
    previous_version: previous?.version ?? "",
    previous_manifest_sha256: previous?.manifestSha256 ?? "",
    canary_version: canary?.version ?? "",
    canary_manifest_sha256: canary?.manifestSha256 ?? "",
    canary_instances: canary?.instances.join(" ") ?? "",
  };
  const lines = Object.entries(values).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** Throws `channel-malformed` or `channel-signature`. Serial, fleet and expiry are the caller's to judge. */
export function openChannel(text: string, keys: readonly KeyObject[]): Channel {
  const end = text.indexOf("\n");
  if (end < 0 || !text.startsWith(HEAD)) throw malformed();
  const signature = Buffer.from(text.slice(HEAD.length, end), "base64");
  const payload = text.slice(end + 1);
  if (!keys.some((key) => verify(null, Buffer.from(payload), key, signature))) {
    throw new DroverError(
      "channel-signature",
      "The channel file was not signed with the release key. Use the key of this fleet (--key); if it is that, find out who wrote the file, and put the last good one back with: drover release restore",
    );
  }
  const tree: unknown = JSON.parse(payload);
  if (!isTree(tree)) throw malformed();
  const pick = (prefix: string): ReleaseRef | undefined => {
    const version = tree[`${prefix}version`];
    return typeof version !== "string" || version === ""
      ? undefined
      : { version, manifestSha256: String(tree[`${prefix}manifest_sha256`]) };
  };
  const [release, canary] = [pick(""), pick("canary_")];
  if (release === undefined) throw malformed();
  return {
    serial: Number(tree["serial"]),
    fleet: String(tree["fleet"]),
    expiresAtS: Number(tree["expires_at_s"]),
    release,
    previous: pick("previous_"),
    canary: canary && { ...canary, instances: String(tree["canary_instances"]).split(" ") },
  };
}

function malformed(): DroverError {
  return new DroverError(
    "channel-malformed",
    "The channel file is none, or is cut off. Put the last good one back with: drover release restore",
  );
}
