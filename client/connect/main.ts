import { systemClock } from "../../base/system/clock.ts";
import { systemRandom } from "../../base/system/random.ts";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { createClient } from "../client.ts";
import type { Client } from "../client.ts";
import type { ClientPorts } from "../ports.ts";
import { checkWebhook } from "../webhook.ts";
import type { WebhookCall } from "../webhook.ts";

/** The fleet to talk to. Credentials, region and endpoint come from the standard AWS_* variables and files. */
export interface FleetNames {
  /** Name or URL of the request queue. Default: drover-requests. */
  requestQueue?: string;
  /** Default: drover. */
  bucket?: string;
}

export interface Connection extends ClientPorts {
  close(): void;
}

/** Opens the real cloud. @throws DroverError `queue-missing`, `cloud-unreachable` */
export async function openConnection(fleet: FleetNames = {}): Promise<Connection> {
  const [sqs, s3] = [createSqsClients(), createS3Clients()];
  const close = () => {
    closeSqsClients(sqs);
    closeS3Clients(s3);
  };
  try {
    const requests = await openQueue(sqs, fleet.requestQueue ?? "drover-requests");
    const objects = openBucket(s3, fleet.bucket ?? "drover");
    return { requests, objects, clock: systemClock, random: systemRandom, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A client of a fleet on AWS, or on the embedded cloud when AWS_ENDPOINT_URL names it. Close it when done. */
export async function connect(fleet: FleetNames = {}): Promise<Client> {
  return createClient(await openConnection(fleet));
}

/**
 * Checks the signature of a callback that arrived just now; its id is the same for every repeat of the callback.
 * @param body exactly as it arrived
 * @param secret `whsec_…`, or several during a rotation
 * @throws DroverError `webhook-…` when the call is not to be trusted
 */
export function verifyWebhook(
  headers: WebhookCall["headers"],
  body: WebhookCall["body"],
  secret: string | readonly string[],
): { id: string; sentAtS: number } {
  const secrets = typeof secret === "string" ? [secret] : secret;
  return checkWebhook({ headers, body, secrets, nowMs: systemClock.now() });
}
