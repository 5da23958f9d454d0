import { mkdtemp, readdir, readFile, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemFiles } from "../../../base/system/files.ts";
import { systemRandom } from "../../../base/system/random.ts";
import type { Files } from "../../../base/files.ts";
import { MESSAGE_ID, openInbox } from "../../../client/receive/inbox.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-inbox-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (files: Files = systemFiles) =>
  openInbox(folder, { files, random: systemRandom, syncFolder: () => Promise.resolve() });
const delivery = (callId: string | undefined, text: string, messageId = "job-1") => ({
  callId,
  messageId,
  body: Buffer.from(text),
});
const documents = async () => (await readdir(folder)).filter((name) => name.endsWith(".xml")).toSorted();

describe("the inbox", () => {
  test("stores a call once, also after a restart and after the document was taken away", async () => {
    const inbox = await open();
    expect(await inbox.store(delivery("call-1", "one"))).toEqual({
      outcome: "stored",
      file: join(folder, "job-1.xml"),
    });
    expect((await inbox.store(delivery("call-1", "one"))).outcome).toBe("duplicate");
    const later = await open();
    expect((await later.store(delivery("call-1", "one"))).outcome).toBe("duplicate");
    expect(await readFile(join(folder, "job-1.xml"), "utf8")).toBe("one");
    await unlink(join(folder, "job-1.xml"));
    expect((await later.store(delivery("call-1", "one"))).outcome).toBe("duplicate");
    expect(await documents()).toEqual([]);
  });

  test("keeps both documents when a known id brings other bytes", async () => {
    const inbox = await open();
    await inbox.store(delivery("call-1", "one"));
    const conflict = await inbox.store(delivery("call-1", "two"));
    expect(conflict.outcome).toBe("conflict");
    expect(await readFile(join(folder, "job-1.xml"), "utf8")).toBe("one");
    expect(await readFile(conflict.file, "utf8")).toBe("two");
    await inbox.store(delivery("call-1", "two"));
    expect(await documents()).toHaveLength(2);
  });

  test("keeps a replay's document beside the first one", async () => {
    const inbox = await open();
    await inbox.store(delivery("call-1", "one"));
    const replay = await inbox.store(delivery("call-2", "two"));
    expect(replay.outcome).toBe("stored");
    expect(await documents()).toHaveLength(2);
    expect((await inbox.store(delivery("call-2", "two"))).outcome).toBe("duplicate");
  });

  test("takes the message id where a call has no id of its own", async () => {
    const inbox = await open();
    expect((await inbox.store(delivery(undefined, "one"))).outcome).toBe("stored");
    expect((await inbox.store(delivery(undefined, "one"))).outcome).toBe("duplicate");
    expect((await inbox.store(delivery(undefined, "two"))).outcome).toBe("conflict");
  });

  test("one of many calls at once stores, the others are duplicates", async () => {
    const inbox = await open();
    const receipts = await Promise.all(
      Array.from({ length: 20 }, () => inbox.store(delivery("call-1", "one"))),
    );
    expect(receipts.filter(({ outcome }) => outcome === "stored")).toHaveLength(1);
    expect(await documents()).toEqual(["job-1.xml"]);
  });

  test("two generations at once are both kept", async () => {
    const inbox = await open();
    const receipts = await Promise.all([
      inbox.store(delivery("call-1", "one")),
      inbox.store(delivery("call-2", "two")),
    ]);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(["stored", "stored"]);
    expect(await documents()).toHaveLength(2);
  });

  test("a crash between document and record is mended by the repeat", async () => {
    let renames = 0;
    const crashing: Files = {
      ...systemFiles,
      rename: (from, to) => {
        renames += 1;
        return renames === 2 ? Promise.reject(new Error("power lost")) : systemFiles.rename(from, to);
      },
    };
    await expect((await open(crashing)).store(delivery("call-1", "one"))).rejects.toThrow("power lost");
    expect(renames).toBe(2);
    const after = await open();
    expect((await after.store(delivery("call-1", "one"))).outcome).toBe("duplicate");
    expect((await after.store(delivery("call-1", "two"))).outcome).toBe("conflict");
    expect(await readdir(join(folder, ".tmp"))).toEqual([]);
  });

  test("no id that could name another folder or a hidden file is a file name", () => {
    for (const id of ["", "..", ".x", "a/b", "../a", "a\\b", "a\0b", "a b", "-a", "x".repeat(129)]) {
      expect(MESSAGE_ID.test(id), id).toBe(false);
    }
    expect(MESSAGE_ID.test("7d57b74c-78a4-459e-9445-4d5b9e0b3c27")).toBe(true);
  });
});
