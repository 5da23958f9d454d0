import { urlOf, type Operation } from "../operation.ts";
import { pageOf, readPaging } from "../paging.ts";

export const listQueues: Operation = async (state, input, caller) => {
  const prefix = input.optionalText("QueueNamePrefix") ?? "";
  const paging = readPaging(input);
  const queues = await state.group.run(() =>
    [...state.queues.values()].filter(({ name }) => name.startsWith(prefix)),
  );
  const { page, rest } = pageOf(queues, paging);
  return { output: { QueueUrls: page.map((queue) => urlOf(state, caller, queue)), ...rest } };
};
