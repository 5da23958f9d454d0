import { AwsError } from "../../aws-error.ts";
import { eachEntry, readEntries } from "../batch.ts";
import type { Input } from "../input.ts";
import { queueOf, type Operation } from "../operation.ts";
import { readDraft, send, type Draft } from "../outgoing.ts";

/** All messages of a batch together, body and attributes. */
const MAX_BATCH_BYTES = 1_048_576;

export const sendMessage: Operation = async (state, input) => ({
  output: await state.group.run(() => {
    const queue = queueOf(state, input);
    return send(state, queue, readDraft(input, queue));
  }),
});

export const sendMessageBatch: Operation = async (state, input) => ({
  output: await state.group.run(() => {
    const queue = queueOf(state, input);
    const entries = readEntries(input);
    const drafts = new Map<Input, Draft>();
    // Every entry is read before the first is sent: a refusal of the whole batch must come before any write.
    const read = eachEntry(entries, (entry) => {
      drafts.set(entry, readDraft(entry, queue));
      return {};
    });
    const total = entries.reduce((sum, entry) => sum + sizeOf(entry.input, drafts.get(entry.input)), 0);
    if (total > MAX_BATCH_BYTES) {
      throw new AwsError(
        "BatchRequestTooLong",
        `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${total} bytes.`,
      );
    }
    const sent = entries.flatMap((entry) => {
      const draft = drafts.get(entry.input);
      return draft === undefined ? [] : [{ Id: entry.id, ...send(state, queue, draft) }];
    });
    return { Successful: sent, Failed: read["Failed"] };
  }),
});

/** An entry that was refused counts by its body. */
function sizeOf(input: Input, draft: Draft | undefined): number {
  return draft?.bytes ?? Buffer.byteLength(input.optionalText("MessageBody") ?? "");
}
