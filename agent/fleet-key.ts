import { DroverError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { Objects } from "../cloud/ports/objects.ts";
import { FLEET_KEY } from "../jobs/keys.ts";

const BYTES = 32;

/**
 * The key with which the fleet signs what it sends to itself; the first agent ever makes it.
 * Throws `fleet-key-broken` when the object holds something else.
 */
export async function fleetKey(objects: Objects, random: Random): Promise<Uint8Array> {
  const known = await objects.get(FLEET_KEY);
  if (known === undefined) {
    await objects.put(FLEET_KEY, random.bytes(BYTES), { condition: "absent" });
    return await fleetKey(objects, random); // ours, or that of the agent that was faster
  }
  if (known.body.byteLength === BYTES) return known.body;
  throw new DroverError(
    "fleet-key-broken",
    `The object ${FLEET_KEY} in the bucket ${objects.bucket} is not a key of ${BYTES} bytes. Restore it; if it is lost, delete it: deliveries under way are then parked.`,
  );
}
