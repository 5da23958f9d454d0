import { describe, expect, test } from "vitest";
import { showPicture, takePicture } from "../../../../operator/status/status.ts";
import { statusLine } from "../../../../operator/up/status-line.ts";
import { NOBODY, RECORD, recordText } from "../../../../autoscaler/daemon/record.ts";
import { createS3Store } from "../../../../cloud/aws/s3-store.ts";
import type { StatusRow, Store } from "../../../../cloud/ports/store.ts";
import { createMemoryObjects } from "../../../support/memory-objects.ts";
import { createMemoryQueue } from "../../../support/memory-queue.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

async function fleet() {
  const clock = createSimClock();
  const queues = ["drover-requests", "drover-deliveries", "drover-dead"].map((name) =>
    createMemoryQueue(clock, name),
  );
  const [requests, deliveries, dead] = queues;
  for (let i = 0; i < 4; i++) await requests?.send(`job ${i}`);
  await requests?.receive({ max: 1, waitS: 0, visibilityTimeoutS: 60 });
  await deliveries?.send("later", { delayS: 600 });
  await dead?.send("broken");
  const store = createS3Store(createMemoryObjects(clock));
  const report = (instanceId: string, secondsAgo: number, more: Partial<StatusRow> = {}) =>
    store.putStatus({
      instanceId,
      heartbeatAt: clock.now() - secondsAgo * 1000,
      periodS: 10,
      state: "working",
      running: 2,
      done: 5,
      ...more,
    });
  return { clock, queues, store, report };
}

describe("the picture of a fleet", () => {
  test("has the queues' counts and the instances' last reports", async () => {
    const { clock, queues, store, report } = await fleet();
    await report("i-1", 4);
    await report("i-2", 31);
    const picture = await takePicture(queues, store, clock);
    expect(picture.queues).toEqual([
      { name: "drover-requests", visible: 3, inFlight: 1, delayed: 0 },
      { name: "drover-deliveries", visible: 0, inFlight: 0, delayed: 1 },
      { name: "drover-dead", visible: 1, inFlight: 0, delayed: 0 },
    ]);
    expect(picture.instances?.map(({ row, ageS, health }) => [row.instanceId, ageS, health])).toEqual([
      ["i-1", 4, "alive"],
      ["i-2", 31, "silent"],
    ]);
  });

  test("says why machines do not run the release that they should", async () => {
    const { clock, queues, store, report } = await fleet();
    const releaseProblem = "channel-expired it has expired";
    await report("i-1", 4, { releaseProblem });
    await report("i-2", 5, { releaseProblem });
    await report("i-3", 5, { releaseProblem: "" });
    await report("i-4", 99, { releaseProblem: "channel-foreign long ago" });
    const text = showPicture(await takePicture(queues, store, clock));
    expect(text).toContain(`PROBLEM on i-1, i-2\n  ${releaseProblem}\n`);
    expect(text.match(/PROBLEM/g)).toHaveLength(1);
  });

  test("has the autoscaler's leader and its last sentence", async () => {
    const { clock, queues, store, report } = await fleet();
    expect((await takePicture(queues, store, clock)).scaler).toBeUndefined();
    const record = {
      ...NOBODY,
      leader: "host/1",
      epoch: 3,
      sentence: "keep: 3 wait",
      cordons: { "i-1": "3.1" },
    };
    await store.swapRecord(RECORD, recordText(record), undefined);
    await report("i-1", 4);
    const picture = await takePicture(queues, store, clock);
    expect(picture.scaler).toEqual({
      leader: "host/1",
      epoch: 3,
      sentence: "keep: 3 wait",
      cordoned: 1,
      unfinished: 0,
    });
    expect(showPicture(picture)).toContain(
      "autoscaler: host/1 is in charge, epoch 3; 1 cordoned, 0 orders under way",
    );
    expect(showPicture(picture)).toContain("keep: 3 wait");
  });

  test("calls an instance silent by its own period", async () => {
    const { clock, queues, store, report } = await fleet();
    await report("slow", 100, { periodS: 60 });
    await report("quick", 4, { periodS: 1 });
    const picture = await takePicture(queues, store, clock);
    expect(picture.instances?.map((it) => it.health).toSorted()).toEqual(["alive", "silent"]);
    expect(picture.instances?.find((it) => it.health === "silent")?.row.instanceId).toBe("quick");
  });

  test("does not wait for a store that hangs longer than five seconds", async () => {
    const { clock, queues, store } = await fleet();
    const hanging: Store = { ...store, listStatus: () => new Promise(() => undefined) };
    const before = clock.now();
    const picture = await clock.settle(takePicture(queues, hanging, clock));
    expect(clock.now() - before).toBe(5_000);
    expect(showPicture(picture)).toContain("the store could not be read: it did not answer within 5 s");
    expect(clock.timers).toBe(0);
  });

  test("keeps the queues when the store does not answer, and says why the rest is missing", async () => {
    const { clock, queues, store } = await fleet();
    const broken: Store = { ...store, listStatus: () => Promise.reject(new Error("SlowDown")) };
    const picture = await takePicture(queues, broken, clock);
    expect(picture).toMatchObject({ instances: undefined, storeProblem: "SlowDown" });
    expect(showPicture(picture)).toContain("SlowDown");
    expect(showPicture(picture)).toContain("drover-requests");
  });

  test("an instance whose clock is ahead is not older than nothing", async () => {
    const { clock, queues, store, report } = await fleet();
    await report("i-1", -7_200);
    expect((await takePicture(queues, store, clock)).instances).toMatchObject([{ ageS: 0, health: "alive" }]);
  });
});

describe("the picture as text", () => {
  test("stands in columns", async () => {
    const { clock, queues, store, report } = await fleet();
    await report("i-1", 4);
    await report("instance-with-a-long-name", 5, { state: "draining" });
    const lines = showPicture(await takePicture(queues, store, clock)).split("\n");
    const at = (text: string, word: string) => lines.find((it) => it.includes(text))?.indexOf(word);
    expect(at("instance  ", "state")).toBe(at("i-1", "working"));
    expect(at("instance  ", "state")).toBe(at("long-name", "draining"));
    expect(lines.at(-2)).toBe("the oldest report is 5 s old");
    for (const it of lines) expect(it).toBe(it.trimEnd());
  });

  test("says when nobody has reported", async () => {
    const { clock, queues, store } = await fleet();
    expect(showPicture(await takePicture(queues, store, clock))).toContain("no instance has reported");
  });

  test("fits on one line", async () => {
    const { clock, queues, store, report } = await fleet();
    await report("i-1", 4);
    await report("i-2", 4, { running: 1, done: 10 });
    expect(statusLine(await takePicture(queues, store, clock))).toBe(
      "3 waiting · 3 running · 15 done · 1 deliveries due · 1 dead letters",
    );
  });
});
