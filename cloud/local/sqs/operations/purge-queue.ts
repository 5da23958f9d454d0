import { purge } from "../lifecycle.ts";
import { queueOf, type Operation } from "../operation.ts";

export const purgeQueue: Operation = async (state, input) => {
  await state.group.run(() => purge(state, queueOf(state, input)));
  return { output: {} };
};
