import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Objects } from "../cloud/ports/objects.ts";
import type { Queue } from "../cloud/ports/queue.ts";

/** What submitting and waiting need from outside. */
export interface ClientPorts {
  /** The fleet's request queue; only ever sent to. */
  requests: Pick<Queue, "send">;
  /** The fleet's bucket: results are read, references are claimed. */
  objects: Pick<Objects, "get" | "put">;
  clock: Clock;
  random: Random;
}
