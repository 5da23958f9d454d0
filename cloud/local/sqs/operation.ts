import { AwsError } from "../aws-error.ts";
import type { Input } from "./input.ts";
import type { LiveQueue } from "./live-queue.ts";
import { queueByName, type SqsState } from "./state.ts";

/** The connection that an operation answers to. */
export interface Caller {
  /** `http://host:port`, as the client addressed us: the queue URLs it is given start so. */
  baseUrl: string;
  alive: () => boolean;
  onGone: (fn: () => void) => () => void;
}

export interface Answer {
  /** The response's fields, as the API reference names them. */
  output: Record<string, unknown>;
  /** Called when the answer could not be handed to the client. */
  undelivered?: () => void;
}

export type Operation = (state: SqsState, input: Input, caller: Caller) => Promise<Answer>;

/** The queue that `QueueUrl` names. Only its path counts: after a restart the port may be another one. */
export function queueOf(state: SqsState, input: Input): LiveQueue {
  const url = input.text("QueueUrl");
  const match = /^(?:https?:\/\/[^/]+)?\/?([^/]+)\/([^/]+)$/.exec(url);
  if (match?.[1] !== state.account || match[2] === undefined) {
    throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
  }
  return queueByName(state, match[2]);
}

export const urlOf = (state: SqsState, caller: Caller, queue: LiveQueue) =>
  `${caller.baseUrl}/${state.account}/${queue.name}`;
