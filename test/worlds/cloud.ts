import type { Clock } from "../../base/clock.ts";
import { createMemoryObjects } from "../support/memory-objects.ts";
import { createMemoryQueue, type HeldMessage, type QueueNature } from "../support/memory-queue.ts";
import type { Ledger } from "./ledger.ts";
import type { Numbers } from "./numbers.ts";

/** The bad habits that SQS allows itself. */
export type Nature = Partial<Pick<QueueNature, "pick" | "twice" | "lateMs" | "oldHandles">>;

export type Cloud = ReturnType<typeof createCloud>;

/** Bucket and queues; what passes the queues is written into the ledger. */
export function createCloud(
  { clock, ledger, numbers }: { clock: Clock; ledger: Ledger; numbers: Numbers },
  nature: Nature,
  isTroubled: () => boolean,
) {
  const objects = createMemoryObjects(clock, "drover");
  void objects.put("input.bin", "input"); // for jobs with an input in S3
  let made = 0;
  const queue = (name: string, habits: Nature = {}) => {
    const note = (event: "sent" | "deleted" | "received") => (message: HeldMessage) => {
      ledger.note(name, event, message, objects.stored);
      if (name === "dead" && event === "sent") numbers.parked(message.attributes["drover-code"] ?? "");
    };
    return createMemoryQueue(clock, name, {
      newId: () => `${name}-${++made}`,
      onSent: note("sent"),
      onDeleted: note("deleted"),
      onReceived: note("received"),
      ...habits,
    });
  };
  const habits = whileTroubled(nature, isTroubled, numbers);
  const queues = {
    requests: queue("requests", habits),
    responses: queue("responses"),
    deliveries: queue("deliveries", habits),
    dead: queue("dead"),
  };
  return { objects, queues, logObjects: createMemoryObjects(clock, "log") };
}

/** Bad habits are faults like others: they end with them. */
function whileTroubled(nature: Nature, isTroubled: () => boolean, numbers: Numbers): Nature {
  const { pick, twice, lateMs, oldHandles } = nature;
  const picking: QueueNature["pick"] = (visible, max) => {
    const picked = pick !== undefined && isTroubled() ? pick(visible, max) : visible.slice(0, max);
    if (picked[0] !== undefined && picked[0] !== visible[0]) numbers.fire([7]);
    return picked;
  };
  return {
    pick: picking,
    ...(oldHandles === undefined ? {} : { oldHandles }),
    ...(twice === undefined ? {} : { twice: (it) => isTroubled() && twice(it) }),
    ...(lateMs === undefined ? {} : { lateMs: () => (isTroubled() ? lateMs() : 0) }),
  };
}
