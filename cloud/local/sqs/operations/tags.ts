import { queueOf, type Operation } from "../operation.ts";
import { putTags, removeTags } from "../tags.ts";
import { AwsError } from "../../aws-error.ts";

export const tagQueue: Operation = async (state, input) => {
  const tags = input.textMap("Tags");
  await state.group.run(() => {
    const queue = queueOf(state, input);
    if (Object.keys(tags).length === 0) throw missing("Tags");
    putTags(state, queue, tags);
  });
  return { output: {} };
};

export const untagQueue: Operation = async (state, input) => {
  const keys = input.texts("TagKeys");
  await state.group.run(() => {
    const queue = queueOf(state, input);
    if (keys.length === 0) throw missing("TagKeys");
    removeTags(state, queue, keys);
  });
  return { output: {} };
};

export const listQueueTags: Operation = async (state, input) => {
  const tags = await state.group.run(() => queueOf(state, input).tags);
  return { output: Object.keys(tags).length === 0 ? {} : { Tags: tags } };
};

const missing = (name: string) =>
  new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);
