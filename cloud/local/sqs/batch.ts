import { AwsError } from "../aws-error.ts";
import { wireOf } from "./errors.ts";
import { Input } from "./input.ts";

const MAX_ENTRIES = 10;

export interface Entry {
  id: string;
  input: Input;
}

/** The entries of a batch. Throws AwsError when the batch as a whole is not acceptable. */
export function readEntries(input: Input): Entry[] {
  const entries = input.list("Entries").map((fields) => {
    const entry = new Input(fields);
    return { id: entry.text("Id"), input: entry };
  });
  if (entries.length === 0) {
    throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (entries.length > MAX_ENTRIES) {
    throw new AwsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ id }) => !/^[A-Za-z0-9_-]{1,80}$/.test(id))) {
    throw new AwsError(
      "InvalidBatchEntryId",
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  if (new Set(entries.map(({ id }) => id)).size < entries.length) {
    const repeated = entries.find(({ id }, index) => entries.findIndex((it) => it.id === id) < index);
    throw new AwsError("BatchEntryIdsNotDistinct", `Id ${repeated?.id} repeated.`);
  }
  return entries;
}

/** Does each entry; a refused one is reported and leaves the others alone. Inside a transaction. */
export function eachEntry(
  entries: readonly Entry[],
  work: (input: Input) => Record<string, unknown>,
): Record<string, unknown> {
  const successful: unknown[] = [];
  const failed: unknown[] = [];
  for (const { id, input } of entries) {
    try {
      successful.push({ Id: id, ...work(input) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { queryCode, sender } = wireOf(error.code);
      failed.push({ Id: id, SenderFault: sender, Code: queryCode, Message: error.message });
    }
  }
  return { Successful: successful, Failed: failed };
}
