import { hash } from "node:crypto";
import { DroverError } from "../../../base/errors.ts";
import { AwsError } from "../aws-error.ts";
import { readBody, type Exchange } from "../http/exchange.ts";
import { readClaim } from "../signature/claim.ts";
import { SignatureFault } from "../signature/fault.ts";
import type { Verifier } from "../signature/verify.ts";
import type { Ec2Control } from "./service.ts";
import type { Ec2Settings } from "./settings.ts";

/**
 * GET tells the settings and the instances, PUT takes JSON: `{"settings": {…}, "reclaim": ["i-…"], "rebalance": […],
 * "shutDown": […]}`, each of them optional. Both must be signed with the cloud's own credentials for the service `ec2`; an
 * instance's do not do. No bucket can have this name.
 */
export const EC2_CONTROL_PATH = "/_ec2";
const MAX_BODY_BYTES = 64 * 1024;

/** @param owner knows the cloud's own credentials alone */
export async function answerEc2Control(
  control: Ec2Control,
  owner: Verifier,
  exchange: Exchange,
): Promise<void> {
  try {
    const body = await readBody(exchange.request, MAX_BODY_BYTES);
    const claim = readClaim(exchange.head);
    if (claim === undefined) throw new SignatureFault("missing", "The request is not signed.");
    if (claim.service !== "ec2") throw new SignatureFault("malformed", 'Sign for the service "ec2".');
    owner.verify(exchange.head, claim, hash("sha256", body, "hex"));
    const { method } = exchange.head;
    if (method === "PUT") await change(control, readOrders(body));
    else if (method !== "GET") throw new AwsError("MethodNotAllowed", "Use GET or PUT.");
    say(exchange, 200, {
      settings: control.settings(),
      throttled: control.throttled(),
      instances: control.instances(),
    });
  } catch (error) {
    const known =
      error instanceof SignatureFault || error instanceof AwsError || error instanceof DroverError;
    if (!known) throw error;
    say(exchange, error instanceof SignatureFault ? 403 : 400, { message: error.message });
  }
}

const VERBS = ["reclaim", "rebalance", "shutDown"] as const;

type Orders = { settings?: unknown } & Partial<Record<(typeof VERBS)[number], readonly string[]>>;

function readOrders(body: Buffer): Orders {
  let orders: unknown;
  try {
    orders = JSON.parse(body.toString());
  } catch {
    throw new AwsError("SerializationException", "The body is not valid JSON.");
  }
  if (typeof orders !== "object" || orders === null || Array.isArray(orders)) {
    throw new AwsError("SerializationException", "The body must be a JSON object.");
  }
  for (const [name, value] of Object.entries(orders)) {
    if (name === "settings") continue;
    const isVerb = VERBS.some((it) => it === name);
    if (isVerb && Array.isArray(value) && value.every((it) => typeof it === "string")) continue;
    throw new AwsError("SerializationException", `${name} is no order, or takes something else.`);
  }
  return orders;
}

async function change(control: Ec2Control, orders: Orders): Promise<void> {
  if (orders.settings !== undefined) control.configure(orders.settings as Partial<Ec2Settings>); // it is looked at there
  for (const id of orders.reclaim ?? []) await control.reclaim(id);
  for (const id of orders.rebalance ?? []) control.recommendRebalance(id);
  for (const id of orders.shutDown ?? []) control.shutDown(id);
}

function say(exchange: Exchange, status: number, document: unknown): void {
  exchange.respond(status, { "content-type": "application/json" }, JSON.stringify(document));
}
