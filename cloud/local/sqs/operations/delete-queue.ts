import { deleteQueue as remove } from "../lifecycle.ts";
import { queueOf, type Operation } from "../operation.ts";

export const deleteQueue: Operation = async (state, input) => {
  await state.group.run(() => remove(state, queueOf(state, input)));
  return { output: {} };
};
