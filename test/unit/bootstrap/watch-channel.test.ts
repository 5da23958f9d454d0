import { describe, expect, test } from "vitest";
import { watchChannel } from "../../../bootstrap/installed/watch-channel.ts";
import { reportingRelease } from "../../../bootstrap/installed/report.ts";
import { createLog } from "../../../base/log.ts";
import { CHANNEL_KEY } from "../../../bootstrap/release/channel.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryFiles } from "../../support/memory-files.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

function world() {
  const clock = createFakeClock();
  const files = createMemoryFiles();
  const objects = createMemoryObjects(clock);
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => clock.now(),
  );
  const random = { next: () => 0.5, uuid: () => "", bytes: () => new Uint8Array() };
  return { clock, files, objects, log, lines, random };
}

const text = (it: string) => new TextEncoder().encode(it);

/** Looks `count` times, then leaves. */
async function look(it: ReturnType<typeof world>, count: number): Promise<void> {
  const left = new AbortController();
  let looks = 0;
  const head = it.objects.head.bind(it.objects);
  const objects = {
    ...it.objects,
    head: (key: string) => {
      if (++looks === count) left.abort(new Error("leaving"));
      return head(key);
    },
  };
  await watchChannel({ ...it, objects }, "/home", left.signal);
}

describe("watchChannel", () => {
  test("asks for an update until boot.sh has dealt with the channel", async () => {
    const it = world();
    await it.objects.put(CHANNEL_KEY, "one");
    await look(it, 1);
    expect(it.files.contents.has("/home/shared/update-wanted")).toBe(true);
    await it.files.remove("/home/shared/update-wanted");
    const etag = (await it.objects.head(CHANNEL_KEY))?.etag.replaceAll('"', "") ?? "";
    await it.files.write("/home/state/etag", text(`${etag}\n`));
    await look(it, 3);
    expect(it.files.contents.has("/home/shared/update-wanted")).toBe(false);
    await it.objects.put(CHANNEL_KEY, "two");
    await look(it, 1);
    expect(it.files.contents.has("/home/shared/update-wanted")).toBe(true);
  });

  test("goes on when the store does not answer", async () => {
    const it = world();
    it.objects.head = () => Promise.reject(new Error("the network is gone"));
    await look(it, 3);
    expect(it.lines.filter((line) => line.includes("release.channel-unreachable"))).toHaveLength(3);
  });
});

describe("reportingRelease", () => {
  const installation = {
    home: "/home",
    instance: "i-1",
    daemons: ["agent"],
    release: "2",
    serial: 7,
    readyFile: "/home/ready",
  };

  test("adds the release and its problem to each row, and says ready after the first that is stored", async () => {
    const { files } = world();
    const rows: unknown[] = [];
    let works = false;
    const store = {
      appendActivity: async () => undefined,
      putStatus: async (row: unknown) => {
        if (!works) throw new Error("away");
        rows.push(row);
      },
      listStatus: async () => [],
      deleteStatus: async () => undefined,
      readRecord: async () => undefined,
      swapRecord: async () => undefined,
    };
    const reporting = reportingRelease(store, files, installation, () => 3);
    const row = { instanceId: "i-1.a", heartbeatAt: 0 };
    await expect(reporting.putStatus(row)).rejects.toThrow("away");
    expect(files.contents.has("/home/ready")).toBe(false);
    works = true;
    await reporting.putStatus(row);
    expect(files.contents.has("/home/ready")).toBe(true);
    await files.write("/home/state/problem", text("channel-expired the channel has expired\n"));
    await reporting.putStatus(row);
    const facts = { ...row, instance: "i-1", release: "2", serial: 7, failed: 3 };
    expect(rows).toEqual([
      { ...facts, releaseProblem: "" },
      { ...facts, releaseProblem: "channel-expired the channel has expired" },
    ]);
  });
});
