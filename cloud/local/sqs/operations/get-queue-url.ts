import { AwsError } from "../../aws-error.ts";
import { urlOf, type Operation } from "../operation.ts";
import { queueByName } from "../state.ts";

export const getQueueUrl: Operation = async (state, input, caller) => {
  const name = input.text("QueueName");
  const owner = input.optionalText("QueueOwnerAWSAccountId") ?? state.account;
  const queue = await state.group.run(() => {
    if (owner !== state.account) {
      throw new AwsError("QueueDoesNotExist", "The specified queue does not exist.");
    }
    return queueByName(state, name);
  });
  return { output: { QueueUrl: urlOf(state, caller, queue) } };
};
