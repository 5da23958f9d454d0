import type { Random } from "../base/random.ts";
import type { Objects } from "../cloud/ports/objects.ts";
import { FLEET_KEY } from "../jobs/keys.ts";

const BYTES = 32;

/** The key with which the fleet signs what it sends to itself; the first agent ever makes it. */
export async function fleetKey(objects: Objects, random: Random): Promise<Uint8Array> {
  const known = await objects.get(FLEET_KEY);
  if (known !== undefined) return known.body;
  const fresh = random.bytes(BYTES);
  const put = await objects.put(FLEET_KEY, fresh, { condition: "absent" });
  if (put.outcome === "stored") return fresh;
  return (await objects.get(FLEET_KEY))?.body ?? fresh;
}
