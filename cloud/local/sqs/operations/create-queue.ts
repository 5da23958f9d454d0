import { createQueue as create } from "../lifecycle.ts";
import { checkTags } from "../tags.ts";
import { urlOf, type Operation } from "../operation.ts";

export const createQueue: Operation = async (state, input, caller) => {
  const name = input.text("QueueName");
  const attributes = input.textMap("Attributes");
  const tags = input.textMap("tags");
  checkTags(tags);
  const queue = await state.group.run(() => create(state, name, attributes, tags));
  return { output: { QueueUrl: urlOf(state, caller, queue) } };
};
