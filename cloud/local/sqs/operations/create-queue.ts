import { createQueue as create } from "../lifecycle.ts";
import { urlOf, type Operation } from "../operation.ts";

export const createQueue: Operation = async (state, input, caller) => {
  const name = input.text("QueueName");
  const attributes = input.textMap("Attributes");
  const queue = await state.group.run(() => create(state, name, attributes));
  return { output: { QueueUrl: urlOf(state, caller, queue) } };
};
