import { eachEntry, readEntries } from "../batch.ts";
import { changeVisibility } from "../changes.ts";
import type { Input } from "../input.ts";
import type { LiveQueue } from "../live-queue.ts";
import { queueOf, type Operation } from "../operation.ts";
import type { SqsState } from "../state.ts";

export const changeMessageVisibility: Operation = async (state, input) => {
  await state.group.run(() => change(state, queueOf(state, input), input));
  return { output: {} };
};

export const changeMessageVisibilityBatch: Operation = async (state, input) => ({
  output: await state.group.run(() => {
    const queue = queueOf(state, input);
    return eachEntry(readEntries(input), (entry) => {
      change(state, queue, entry);
      return {};
    });
  }),
});

function change(state: SqsState, queue: LiveQueue, input: Input): void {
  const visibilityS = input.integer("VisibilityTimeout", { min: 0, max: 43_200 });
  changeVisibility(state, queue, input.text("ReceiptHandle"), visibilityS * 1000);
}
