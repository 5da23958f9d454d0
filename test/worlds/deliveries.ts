import { createHash, createHmac } from "node:crypto";
import { IDENTITY_ATTRIBUTE, verifyIdentity } from "../../jobs/identity.ts";
import type { Credentials, JobOutput, WebhookSecret } from "../../schemas/request.ts";
import { requestOf } from "./documents.ts";
import { FLEET_KEY, FLEET_SECRETS } from "./kinds.ts";
import { type SentJob } from "./ledger.ts";
import type { Attempt } from "./servers.ts";
import type { World } from "./world.ts";

type Callback = Extract<JobOutput, { type: "callback" }>;

/** What each delivery must carry, told from what its client asked for. */
export function deliveryFaults(world: World, job: SentJob, id: string): string[] {
  const attempts = world.servers.attempts.filter((it) => it.id === id);
  const answers = world.cloud.queues.responses.messages.filter((it) => world.ledger.idOf(it) === id);
  const isClockRight = !world.mishaps.has("clock-ahead") && !world.mishaps.has("clock-back");
  return [
    ...attempts.flatMap((it) => [
      ...headerFaults(it, callbackOf(job)),
      ...(isClockRight ? timestampFaults(it) : []),
    ]),
    ...answers.flatMap(({ body, attributes }) => [
      ...(attributes["messageId"] === job.id ? [] : ["an answer on the queue does not say whose it is"]),
      ...(body.includes(` status="${attributes["status"]}"`)
        ? []
        : ["an answer's status is not its document's"]),
      ...(verifyIdentity({ body, attributes }, FLEET_KEY) ? [] : [`${IDENTITY_ATTRIBUTE} is not signed`]),
    ]),
    ...[...attempts, ...answers].flatMap(({ body }) => [
      ...(body.includes(`messageId="${job.id}"`) ? [] : ["a response does not name its request"]),
      ...artifactFaults(world, body),
    ]),
  ];
}

/** The callback that was asked for; undefined when that stands in a document which is no request. */
function callbackOf({ kind, n }: SentJob): Callback | undefined {
  const asked = requestOf(kind, n);
  return typeof asked !== "string" && asked.output.type === "callback" ? asked.output : undefined;
}

function headerFaults({ headers, id, body }: Attempt, asked: Callback | undefined): string[] {
  const faults: string[] = [];
  if (asked !== undefined && headers["authorization"] !== authorizationOf(asked.credentials)) {
    faults.push("a callback does not carry the credentials that were asked for");
  }
  const key = Buffer.from(secretOf(asked?.signature).replace("whsec_", ""), "base64");
  const signed = `${id}.${headers["webhook-timestamp"]}.${body}`;
  const signature = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  if (headers["webhook-signature"] !== signature) faults.push("a callback's signature is not right");
  return faults;
}

function authorizationOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  const pair = "ref" in credentials ? FLEET_SECRETS.login : `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function secretOf(signature: WebhookSecret | undefined): string {
  return signature !== undefined && "secret" in signature ? signature.secret : FLEET_SECRETS.webhook;
}

/** Receivers refuse what is minutes old, so every try has a time of its own: when it was decided on. */
function timestampFaults({ headers, arrivedAt, heldUpMs }: Attempt): string[] {
  const saidS = Number(headers["webhook-timestamp"]);
  const sentS = Math.floor((arrivedAt - heldUpMs) / 1000);
  return Math.abs(saidS - sentS) <= 1 ? [] : [`a callback of ${sentS} s says that it is of ${saidS} s`];
}

/** Every file that a response names is there, and is the one it names. */
function artifactFaults({ cloud: { objects } }: World, body: string): string[] {
  return [...body.matchAll(/<artifact [^>]*>/g)].flatMap(([tag]) => {
    const said = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
    const stored = objects.stored.get(said("href")?.replace(`s3://${objects.bucket}/`, "") ?? "");
    if (stored === undefined) return [`${tag} is not in the bucket`];
    const sha256 = createHash("sha256").update(stored.body).digest("hex");
    return said("sha256") === sha256 && said("bytes") === String(stored.bytes)
      ? []
      : [`${tag} is not what lies in the bucket`];
  });
}
