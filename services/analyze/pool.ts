import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Face, Models } from "./analyzer.ts";
import { type AnalyzeError, failed } from "./failure.ts";
import { limits } from "./limits.ts";
import type { Picture } from "./picture.ts";
import type { Answer, Leave, Task } from "./worker.ts";

interface Seat {
  worker: Worker;
  /** Pictures that it was dealt and has not answered. */
  open: number;
  /** Resolves when the thread is gone. */
  gone: Promise<void>;
}

/**
 * Deals pictures to worker threads, each with networks of its own. `deal` waits while every worker has its fill,
 * which holds back whoever reads the video, and so bounds the memory. Answers may come in any order.
 */
export class Pool {
  readonly #seats: Seat[];
  readonly #onAnswer: (index: number, faces: Face[]) => void;
  #failure: AnalyzeError | undefined;
  #wake: () => void = () => undefined;

  constructor(size: number, models: Models, onAnswer: (index: number, faces: Face[]) => void) {
    this.#onAnswer = onAnswer;
    this.#seats = Array.from({ length: size }, () => this.#open(models));
  }

  /** @throws AnalyzeError the failure of a worker, which ends the analysis. */
  async deal(index: number, picture: Picture): Promise<void> {
    await this.#until(() => this.#seats.some(hasRoom));
    const seat = this.#seats.filter(hasRoom).toSorted((a, b) => a.open - b.open)[0];
    if (seat === undefined) throw failed("no-worker", "No analysing thread is left.");
    seat.open += 1;
    const task: Task = { index, picture };
    seat.worker.postMessage(task, [transferable(picture.pixels)]);
  }

  /** Resolves when every dealt picture is answered. @throws AnalyzeError like `deal`. */
  async drain(): Promise<void> {
    await this.#until(() => this.#seats.every(({ open }) => open === 0));
  }

  /**
   * Lets every worker finish what it holds, two pictures at most, and waits until it is gone. Terminating a thread in
   * the middle of native code would abort the whole process.
   */
  async close(): Promise<void> {
    const message: Leave = "leave";
    for (const { worker } of this.#seats) worker.postMessage(message, []);
    await Promise.all(this.#seats.map(({ gone }) => gone));
  }

  #open(models: Models): Seat {
    const worker = new Worker(join(import.meta.dirname, "worker.ts"), { workerData: models });
    const gone = new Promise<void>((settle) => worker.once("exit", () => settle()));
    const seat: Seat = { worker, open: 0, gone };
    worker.on("message", (answer: Answer) => {
      seat.open -= 1;
      this.#onAnswer(answer.index, answer.faces);
      this.#wake();
    });
    worker.on("error", (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#failure ??= failed("worker-failed", `An analysing thread failed: ${reason}`, error);
      this.#wake();
    });
    return seat;
  }

  /** There is one caller at a time, so one sleeper to wake is enough. */
  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === undefined && !condition()) {
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      await woken.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function hasRoom({ open }: Seat): boolean {
  return open < limits.picturesPerWorker;
}

function transferable({ buffer }: Uint8Array): ArrayBuffer {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw failed("not-transferable", "A picture lies in shared memory.");
}
