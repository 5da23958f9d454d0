import { createHash } from "node:crypto";
import { join } from "node:path";
import { codeOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { Random } from "../../base/random.ts";

/**
 * Where received responses are kept, so that a sender may repeat a callback as often as it likes.
 *
 *   D/<messageId>.xml              the response document, byte for byte
 *   D/<messageId>.<hash>.xml       a later document for the same job: a replay's result
 *   D/<messageId>.conflict-<hash>.xml   other bytes under an id that was known
 *   D/.received/<sha256 of the call's id>.json   what that call brought; kept when the document is taken away
 *   D/.tmp/                        what is being written
 *
 * The document is durable before its record, and both before the caller hears so. A crash in between leaves a
 * document without a record; the repeat then finds the same bytes and only adds the record.
 */
interface Delivery {
  /** The `webhook-id`, equal in all repeats of one callback; without one the message id serves. */
  callId: string | undefined;
  /** Must be safe as a file name: see MESSAGE_ID. */
  messageId: string;
  body: Uint8Array;
}

interface Receipt {
  outcome: "stored" | "duplicate" | "conflict";
  /** Absolute path of the document. */
  file: string;
}

/** What a job's id may look like to become a file name: it can name no other folder and no hidden file. */
export const MESSAGE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export interface InboxTools {
  files: Files;
  random: Random;
  /** Makes renames in a folder durable; the Files port flushes contents only. */
  syncFolder: (path: string) => Promise<void>;
}

export interface Inbox {
  store(delivery: Delivery): Promise<Receipt>;
}

export async function openInbox(folder: string, tools: InboxTools): Promise<Inbox> {
  const { files } = tools;
  await files.remove(join(folder, ".tmp"));
  await files.makeFolder(join(folder, ".tmp"));
  await files.makeFolder(join(folder, ".received"));
  const locks = createLocks();
  return {
    store: (delivery) => {
      const callKey = sha256(
        delivery.callId === undefined ? `message ${delivery.messageId}` : `call ${delivery.callId}`,
      );
      // Two locks, always in this order: one call at a time, and one writer of a job's documents at a time.
      return locks.run(callKey, () =>
        locks.run(delivery.messageId, () => storeOne({ folder, tools, callKey, delivery })),
      );
    },
  };
}

async function storeOne(work: {
  folder: string;
  tools: InboxTools;
  callKey: string;
  delivery: Delivery;
}): Promise<Receipt> {
  const { folder, tools, callKey, delivery } = work;
  const { messageId, body } = delivery;
  const digest = sha256(body);
  const recordFile = join(folder, ".received", `${callKey}.json`);
  const known = await readIfThere(tools.files, recordFile);
  if (known !== undefined) {
    const record = JSON.parse(Buffer.from(known).toString()) as { sha256: string; file: string };
    if (record.sha256 === digest) return { outcome: "duplicate", file: join(folder, record.file) };
    const name = `${messageId}.conflict-${digest.slice(0, 12)}.xml`;
    return { outcome: "conflict", file: await writeDurably(folder, folder, name, body, tools) };
  }
  const { name, there } = await placeFor(folder, messageId, digest, body, tools.files);
  if (!there) await writeDurably(folder, folder, name, body, tools);
  const record = { callId: delivery.callId, messageId, sha256: digest, file: name };
  await writeDurably(
    folder,
    join(folder, ".received"),
    `${callKey}.json`,
    Buffer.from(JSON.stringify(record)),
    tools,
  );
  return { outcome: there ? "duplicate" : "stored", file: join(folder, name) };
}

/** The first document of a job has the plain name; a different one, from a replay, carries its hash. */
async function placeFor(
  folder: string,
  messageId: string,
  digest: string,
  body: Uint8Array,
  files: Files,
): Promise<{ name: string; there: boolean }> {
  for (const name of [`${messageId}.xml`, `${messageId}.${digest.slice(0, 12)}.xml`]) {
    const current = await readIfThere(files, join(folder, name));
    if (current === undefined) return { name, there: false };
    if (Buffer.compare(current, body) === 0) return { name, there: true };
  }
  // Twelve equal hex digits of two different documents of one job: the whole hash tells them apart.
  return { name: `${messageId}.${digest}.xml`, there: false };
}

async function writeDurably(
  root: string,
  folder: string,
  name: string,
  content: Uint8Array,
  tools: InboxTools,
): Promise<string> {
  const temporary = join(root, ".tmp", tools.random.uuid());
  await tools.files.write(temporary, content, { sync: true, mode: 0o600 });
  await tools.files.rename(temporary, join(folder, name));
  await tools.syncFolder(folder);
  return join(folder, name);
}

async function readIfThere(files: Files, path: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Runs the works of one key one after the other. */
function createLocks(): { run<T>(key: string, work: () => Promise<T>): Promise<T> } {
  const last = new Map<string, Promise<unknown>>();
  return {
    run: async (key, work) => {
      const before = last.get(key);
      const mine = (before ?? Promise.resolve()).then(work, work);
      const settled = mine.catch(() => undefined);
      last.set(key, settled);
      try {
        return await mine;
      } finally {
        if (last.get(key) === settled) last.delete(key);
      }
    },
  };
}
