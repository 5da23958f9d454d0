import { createPublicKey } from "node:crypto";
import { resolve } from "node:path";
import { DroverError } from "../../../base/errors.ts";
import { systemClock } from "../../../base/system/clock.ts";
import { root } from "../../../base/system/root.ts";
import { loadSettings } from "../../../base/system/settings.ts";
import type { Channel } from "../../../bootstrap/release/channel.ts";
import { readReleaseKey } from "../../../bootstrap/release/keys.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../../cloud/aws/s3.ts";
import { openStore } from "../../../cloud/aws/store.ts";
import type { Objects } from "../../../cloud/ports/objects.ts";
import type { Store } from "../../../cloud/ports/store.ts";
import type { ChannelTools } from "../channel-store.ts";

export interface DeployFlags {
  config?: string;
  key: string;
  validDays?: string;
}

/** What every command around releases needs: the bucket, the instances' rows, the key. */
export interface Deploy extends AsyncDisposable {
  objects: Objects;
  store: Store;
  channelTools: ChannelTools;
  /** The channel, or `nothing-deployed` when there is none yet. */
  existing(now: Channel | undefined): Channel;
}

const DAY_S = 86_400;

export async function openDeploy({ config, key: file, validDays = "90" }: DeployFlags): Promise<Deploy> {
  const days = Number(validDays);
  if (!(days > 0 && days <= 3_650))
    throw new DroverError("config-invalid", "--valid-days must be a number of days up to 3650.");
  const key = await readReleaseKey(resolve(file));
  const settings = loadSettings(root, config, {});
  const s3 = createS3Clients();
  const objects = openBucket(s3, settings.bucket);
  const { store, close } = openStore(settings);
  return {
    objects,
    store,
    channelTools: {
      objects,
      clock: systemClock,
      key,
      publicKey: createPublicKey(key),
      validS: Math.round(days * DAY_S),
    },
    existing: (now) => {
      if (now !== undefined) return now;
      throw new DroverError("nothing-deployed", "Nothing was deployed yet. Start with: drover deploy");
    },
    [Symbol.asyncDispose]: async () => {
      close();
      closeS3Clients(s3);
    },
  };
}
