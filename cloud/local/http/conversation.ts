import type { Faults } from "../nasty/faults.ts";
import type { RequestHead } from "./head.ts";

/** One request with a body of bounded length and the answer to it, however they came over the wire. */
export interface Conversation {
  readonly requestId: string;
  readonly head: RequestHead;
  /** What goes wrong on purpose; a service asks it where something may. */
  readonly faults: Faults;

  /** The whole body. Throws AwsError `RequestEntityTooLarge`, or the connection's error. */
  body(maxBytes: number): Buffer | Promise<Buffer>;

  /** False as soon as the client is known to have gone: an answer would reach nobody. */
  alive(): boolean;

  /** Calls `fn` when the connection ends before the answer was given. Returns a function that forgets it. */
  onGone(fn: () => void): () => void;

  /**
   * Writes the answer. `undelivered` is called, once, when it did not reach the client: the connection had ended
   * before, known to us or not yet.
   */
  respond(status: number, headers: Record<string, string>, body: string, undelivered?: () => void): void;
}
