import { setAttributes } from "../lifecycle.ts";
import { queueOf, type Operation } from "../operation.ts";

export const setQueueAttributes: Operation = async (state, input) => {
  const changes = input.textMap("Attributes");
  await state.group.run(() => setAttributes(state, queueOf(state, input), changes));
  return { output: {} };
};
