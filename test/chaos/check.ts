import { createHash } from "node:crypto";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { Arrival } from "./receiver.ts";
import { retrying } from "./retrying.ts";

/** A job as the sender knows it. */
export interface Sent {
  /** Undefined when the queue did not acknowledge it: then it may be done or not. */
  id: string | undefined;
  /** The sender's own name for it; the SDK's retries may make two messages of one. */
  reference: string;
  output: "callback" | "queue" | "store";
  /** How it must end: the sender knows what its program does. */
  expected: "success" | "failed";
}

export interface Verdict {
  jobs: number;
  lost: string[];
  /** Results of jobs that nobody sent. */
  foreign: string[];
  /** Jobs with more than one distinct body. */
  twoBodies: string[];
  /** Bodies that are not the one kept in the bucket. */
  altered: string[];
  wrongStatus: string[];
  /** Deliveries after one that was accepted: each needs a fault that left its outcome unknown. */
  repeats: number;
  parked: number;
  quarantined: number;
}

/** Judges from outside: only from what was sent, what arrived, what is kept and what waits for a person. */
export async function judge(
  sent: readonly Sent[],
  arrivals: readonly Arrival[],
  responses: readonly QueueMessage[],
  dead: readonly QueueMessage[],
  objects: Objects,
): Promise<Verdict> {
  const bodies = new Map<string, string[]>();
  const add = (id: string, sha256: string) => bodies.set(id, [...(bodies.get(id) ?? []), sha256]);
  for (const it of arrivals) if (it.answer === "accepted") add(it.id, it.sha256);
  const references = new Set<string>();
  for (const { body } of responses) {
    add(/messageId="([^"]+)"/.exec(body)?.[1] ?? "?", sha256Of(body));
    references.add(/reference="([^"]+)"/.exec(body)?.[1] ?? "?");
  }
  for (const it of arrivals) references.add(it.reference);
  const parked = new Set(dead.map((it) => it.attributes["drover-identity"]?.split(".")[1] ?? it.id));
  const known = new Set(sent.map((it) => it.reference));
  const verdict: Verdict = {
    jobs: sent.filter((it) => it.id !== undefined).length,
    lost: [],
    foreign: [...references].filter((it) => !known.has(it)),
    twoBodies: [],
    altered: [],
    wrongStatus: [],
    repeats: 0,
    parked: parked.size,
    quarantined: 0,
  };
  for (const job of sent) {
    if (job.id === undefined) continue;
    const { id } = job;
    const kept = await retrying(() => objects.get(`jobs/${id}/g0/result`));
    const arrived = bodies.get(job.id) ?? [];
    if (kept === undefined || (job.output !== "store" && arrived.length === 0)) {
      if (!parked.has(job.id)) verdict.lost.push(job.id);
      continue;
    }
    const text = new TextDecoder().decode(kept.body);
    if (new Set(arrived).size > 1) verdict.twoBodies.push(job.id);
    if (arrived.some((it) => it !== sha256Of(text))) verdict.altered.push(job.id);
    // Three machines may well have been killed under one job by chance: then it waits for a person, a promise kept.
    if (text.includes('code="quarantined"')) verdict.quarantined++;
    else if (!text.includes(`status="${job.expected}"`))
      verdict.wrongStatus.push(`${job.id}: ${text.slice(0, 400)}`);
    verdict.repeats += Math.max(0, arrived.length - 1);
  }
  return verdict;
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
