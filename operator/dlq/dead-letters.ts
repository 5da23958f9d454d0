import { carriedBody } from "../../agent/result/carry.ts";
import { reopenClaim } from "../../agent/result/claims.ts";
import { DroverError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";
import { IDENTITY_ATTRIBUTE, type JobIdentity, signIdentity, verifyIdentity } from "../../jobs/identity.ts";
import { letterFacts, withoutLetter } from "../../jobs/letter.ts";
import { resultKey } from "../../jobs/keys.ts";
import { maskSecrets } from "../../schemas/mask.ts";

/** A request that waits for a person, with what is known of it. */
export interface DeadLetter {
  /** The job's identity: that of its first message. */
  job: JobIdentity;
  /** `unknown` when SQS itself moved the message after too many receipts. */
  code: string;
  reason: string;
  instance: string | undefined;
  /** When it was put here, epoch milliseconds. */
  parkedAt: number;
  message: QueueMessage;
}

export interface DeadLetterTools {
  queues: { requests: Queue; deliveries: Queue; dead: Queue };
  objects: Objects;
  fleetKey: Uint8Array;
  random: Random;
}

/** Long enough to look at and replay some hundred letters; they are shown again at once when we are done. */
const HOLD_S = 120;
/** A standard queue may answer empty although there is more. */
const EMPTY_ANSWERS = 3;

/**
 * Calls `use` with up to `max` letters in hand. Those that it does not keep (by returning their receipt handles) go
 * back to the queue, whatever happens.
 */
export async function withDeadLetters<T>(
  { queues: { dead }, fleetKey }: DeadLetterTools,
  max: number,
  use: (letters: DeadLetter[]) => Promise<T>,
): Promise<T> {
  const found = new Map<string, QueueMessage>();
  try {
    for (let empty = 0; empty < EMPTY_ANSWERS && found.size < max;) {
      const messages = await dead.receive({ max: 10, waitS: 0, visibilityTimeoutS: HOLD_S });
      empty = messages.length === 0 ? empty + 1 : 0;
      for (const message of messages) found.set(message.id, message);
    }
    return await use([...found.values()].map((it) => letterOf(it, fleetKey)));
  } finally {
    const handles = [...found.values()].map(({ receiptHandle }) => ({
      receiptHandle,
      visibilityTimeoutS: 0,
    }));
    // What was deleted meanwhile answers with an error of its own, which says nothing new.
    for (let i = 0; i < handles.length; i += 10) await dead.changeVisibility(handles.slice(i, i + 10));
  }
}

function letterOf(message: QueueMessage, fleetKey: Uint8Array): DeadLetter {
  const facts = letterFacts(message.attributes);
  return {
    job: verifyIdentity(message, fleetKey) ?? { id: message.id, generation: 0 },
    code: facts?.code ?? "unknown",
    reason: facts?.reason ?? "The queue moved it here itself, after too many receipts.",
    instance: facts?.instance,
    parkedAt: message.sentAt,
    message,
  };
}

/** The request document, secrets masked. */
export async function requestText({ objects }: DeadLetterTools, letter: DeadLetter): Promise<string> {
  return maskSecrets((await carriedBody(objects, letter.job, letter.message)) ?? letter.message.body);
}

/**
 * Sends a letter on its way again and takes it off the dead-letter queue: a result that could not be delivered is
 * delivered, anything else is done anew, under the next generation. Resolves to what was done. A crash in between
 * leaves both messages, and the generation's one result keeps them from being done twice.
 * @param done what was asked for in this sitting: a crash may have left two letters that ask for the same, and one is enough.
 * A job that failed and whose client could not be told so has two that do not.
 */
export async function replay(
  tools: DeadLetterTools,
  letter: DeadLetter,
  done: Set<string>,
): Promise<"redelivery" | "already delivered" | "new generation" | "already replayed" | "a double"> {
  const { queues, fleetKey, objects, random } = tools;
  const redelivery = letter.code === "output-undeliverable";
  const errand = `${letter.job.id} ${letter.job.generation} ${redelivery ? "delivered" : "done"}`;
  if (done.has(errand)) {
    await drop(tools, letter);
    return "a double";
  }
  done.add(errand);
  const request = await carriedBody(objects, letter.job, letter.message);
  if (request === undefined) {
    throw new DroverError(
      "request-gone",
      `The request of ${letter.job.id} is no longer in the bucket. It can only be dropped.`,
    );
  }
  if (redelivery) {
    const { body, attributes } = letter.message;
    const left = await reopenClaim(objects, letter.job, `operator-${random.uuid()}`);
    if (left === "delivered") {
      await drop(tools, letter);
      return "already delivered";
    }
    await queues.deliveries.send(body, { attributes: withoutLetter(attributes) });
  } else {
    const next = { id: letter.job.id, generation: letter.job.generation + 1 };
    // A crash may have left two letters of one job: the second has nothing left to do.
    if ((await objects.head(resultKey(next))) !== undefined) {
      await drop(tools, letter);
      return "already replayed";
    }
    await queues.requests.send(request, {
      attributes: { [IDENTITY_ATTRIBUTE]: signIdentity(next, request, fleetKey) },
    });
  }
  await drop(tools, letter);
  return redelivery ? "redelivery" : "new generation";
}

export async function drop({ queues: { dead } }: DeadLetterTools, letter: DeadLetter): Promise<void> {
  const [result] = await dead.delete([letter.message.receiptHandle]);
  if (result?.error !== undefined) {
    throw new DroverError(
      "cloud-refused",
      `The dead letter ${letter.job.id} could not be deleted: ${result.error.message}`,
    );
  }
}
