import { createHash } from "node:crypto";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { Program } from "./programs.ts";
import type { Arrival } from "./receiver.ts";
import { retrying } from "./retrying.ts";
import type { Witness } from "./witness.ts";

/** A job as the sender knows it. */
export interface Sent {
  /** Undefined when the queue did not acknowledge it: then it may be done or not. */
  id: string | undefined;
  /** The sender's own name for it; the SDK's retries may make two messages of one. */
  reference: string;
  output: "callback" | "queue" | "store";
  /** How it must end: the sender knows what its program does. */
  program: Program;
}

/** Everything that can be known from outside. */
export interface Evidence {
  sent: readonly Sent[];
  arrivals: readonly Arrival[];
  responses: readonly QueueMessage[];
  dead: readonly QueueMessage[];
  objects: Objects;
  witness: Witness;
}

export interface Verdict {
  /** Jobs that the queue acknowledged. */
  jobs: number;
  lost: string[];
  /** Results of jobs that nobody sent. */
  foreign: string[];
  /** Jobs with more than one distinct body. */
  twoBodies: string[];
  /** Bodies that are not the one kept in the bucket. */
  altered: string[];
  wrongStatus: string[];
  /** Deliveries after one that was accepted. */
  repeats: number;
  /** Those of them for which nothing that was done to an agent is a reason. */
  unexplained: string[];
  parked: number;
  /** Jobs under which three agents were killed: parked for a person, a promise kept. */
  quarantined: number;
}

/** One body that reached a client, or its server at least. */
interface Delivered {
  at: number;
  sha256: string;
  accepted: boolean;
}

const SIDE_BY_SIDE = 16;

/** Judges from outside: only from what was sent, what arrived, what is kept and what waits for a person. */
export async function judge(evidence: Evidence): Promise<Verdict> {
  const { sent, arrivals, responses, dead, objects } = evidence;
  const deliveries = deliveriesOf(arrivals, responses);
  const parked = new Set(dead.map((it) => it.attributes["drover-identity"]?.split(".")[1] ?? it.id));
  const verdict: Verdict = {
    jobs: sent.filter((it) => it.id !== undefined).length,
    lost: [],
    foreign: await strangers(evidence),
    twoBodies: [],
    altered: [],
    wrongStatus: [],
    repeats: 0,
    unexplained: [],
    parked: parked.size,
    quarantined: 0,
  };
  const known = sent.flatMap((job) => (job.id === undefined ? [] : [{ ...job, id: job.id }]));
  await inTurn(known, async (job) => {
    const kept = await retrying(() => objects.get(`jobs/${job.id}/g0/result`));
    const delivered = deliveries.get(job.id) ?? [];
    const accepted = delivered.filter((it) => it.accepted);
    if (kept === undefined || (job.output !== "store" && accepted.length === 0)) {
      if (!parked.has(job.id)) verdict.lost.push(job.id);
      return;
    }
    const text = new TextDecoder().decode(kept.body);
    if (new Set(delivered.map((it) => it.sha256)).size > 1) verdict.twoBodies.push(job.id);
    if (delivered.some((it) => it.sha256 !== sha256Of(text))) verdict.altered.push(job.id);
    if (text.includes('code="quarantined"')) verdict.quarantined++;
    else if (!endsWell(text, job.program)) verdict.wrongStatus.push(`${job.id}: ${text.slice(0, 600)}`);
    weighRepeats(job.id, delivered, evidence.witness, verdict);
  });
  return verdict;
}

function deliveriesOf(
  arrivals: readonly Arrival[],
  responses: readonly QueueMessage[],
): Map<string, Delivered[]> {
  const found = new Map<string, Delivered[]>();
  const add = (id: string, it: Delivered) => {
    const known = found.get(id);
    if (known === undefined) found.set(id, [it]);
    else known.push(it);
  };
  for (const { id, sha256, at, answer } of arrivals) add(id, { at, sha256, accepted: answer === "accepted" });
  for (const { body, sentAt } of responses) {
    const id = /messageId="([^"]+)"/.exec(body)?.[1] ?? "?";
    add(id, { at: sentAt, sha256: sha256Of(body), accepted: true });
  }
  for (const it of found.values()) it.sort((a, b) => a.at - b.at);
  return found;
}

function endsWell(text: string, { expected, holds }: Program): boolean {
  return text.includes(`status="${expected}"`) && (holds === undefined || text.includes(holds));
}

function weighRepeats(id: string, delivered: readonly Delivered[], witness: Witness, verdict: Verdict): void {
  for (const [i, it] of delivered.entries()) {
    const before = delivered.slice(0, i).findLast(({ accepted }) => accepted);
    if (before === undefined) continue;
    verdict.repeats++;
    if (witness.explains(id, before.at, it.at)) continue;
    verdict.unexplained.push(`${id}: accepted at ${before.at}, again at ${it.at}`);
  }
}

/** References in bodies, and ids of results in the bucket, that are nobody's. */
async function strangers({ sent, arrivals, responses, objects }: Evidence): Promise<string[]> {
  const references = new Set(sent.map((it) => it.reference));
  const ids = new Set(sent.map((it) => it.id));
  const seen = new Set([
    ...arrivals.map((it) => it.reference),
    ...responses.map((it) => /reference="([^"]+)"/.exec(it.body)?.[1] ?? "?"),
  ]);
  const found = [...seen].filter((it) => !references.has(it));
  const keys = await retrying(() => objects.list("jobs/"));
  const unknown = keys.filter((it) => it.endsWith("/result") && !ids.has(it.split("/")[1] ?? ""));
  await inTurn(unknown, async (key) => {
    const body = (await retrying(() => objects.get(key)))?.body;
    const reference = /reference="([^"]+)"/.exec(new TextDecoder().decode(body))?.[1] ?? key;
    if (!references.has(reference)) found.push(reference);
  });
  return found;
}

async function inTurn<T>(all: readonly T[], work: (it: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async () => {
    for (const it of left) await work(it);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
