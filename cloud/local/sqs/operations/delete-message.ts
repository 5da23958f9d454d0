import { eachEntry, readEntries } from "../batch.ts";
import { remove } from "../changes.ts";
import { queueOf, type Operation } from "../operation.ts";

export const deleteMessage: Operation = async (state, input) => {
  await state.group.run(() => remove(state, queueOf(state, input), input.text("ReceiptHandle")));
  return { output: {} };
};

export const deleteMessageBatch: Operation = async (state, input) => ({
  output: await state.group.run(() => {
    const queue = queueOf(state, input);
    return eachEntry(readEntries(input), (entry) => {
      remove(state, queue, entry.text("ReceiptHandle"));
      return {};
    });
  }),
});
