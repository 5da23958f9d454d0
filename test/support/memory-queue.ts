import { randomUUID } from "node:crypto";
import type { Queue, SendOptions } from "../../cloud/ports/queue.ts";

/** The sending side of a queue, in memory; `bodies` is what the fleet would receive, by message id. */
export interface MemoryQueue extends Pick<Queue, "send"> {
  readonly bodies: ReadonlyMap<string, string>;
}

/** @param fail called before each send; what it throws, the send throws: nothing was sent then */
export function createMemoryQueue(fail: () => void = () => undefined): MemoryQueue {
  const bodies = new Map<string, string>();
  const send = async (body: string, _options?: SendOptions) => {
    await Promise.resolve();
    fail();
    const id = randomUUID();
    bodies.set(id, body);
    return id;
  };
  return { bodies, send };
}
