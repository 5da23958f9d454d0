import { on } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { type Face, type Models, openAnalyzer } from "./analyzer.ts";
import { failed } from "./failure.ts";
import type { Picture } from "./picture.ts";

/** A picture on its way to a worker; its pixels are handed over, not copied. */
export interface Task {
  index: number;
  picture: Picture;
}
/** The last message: the worker ends by itself. Ending it from outside would abort the process in native code. */
export type Leave = "leave";
export interface Answer {
  index: number;
  faces: Face[];
}

const port = parentPort;
if (port === null) throw failed("not-a-worker", "worker.ts is started by the pool; run analyze.ts.");

const models: Models = workerData;
const analyze = await openAnalyzer(models);
// One picture after the other: two at once on one session would only wait for each other.
for await (const message of on(port, "message")) {
  const task: Task | Leave = message[0];
  if (task === "leave") break;
  const answer: Answer = { index: task.index, faces: await analyze(task.picture) };
  port.postMessage(answer);
}
port.close();
