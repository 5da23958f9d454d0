import { queueOf, urlOf, type Operation } from "../operation.ts";
import { pageOf, readPaging } from "../paging.ts";
import { arnOf } from "../state.ts";

export const listDeadLetterSourceQueues: Operation = async (state, input, caller) => {
  const paging = readPaging(input);
  const sources = await state.group.run(() => {
    const arn = arnOf(state, queueOf(state, input).name);
    return [...state.queues.values()].filter((it) => it.settings.redrive?.deadLetterTargetArn === arn);
  });
  const { page, rest } = pageOf(sources, paging);
  // This one operation spells its list with a small letter.
  return { output: { queueUrls: page.map((queue) => urlOf(state, caller, queue)), ...rest } };
};
