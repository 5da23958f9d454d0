import { describe, expect, test } from "vitest";
import { historyOf, isHostKiller, NO_HISTORY, recordKey } from "../../../jobs/history.ts";
import { resultKey } from "../../../jobs/keys.ts";

const job = { id: "m-1", generation: 0 };
const keys = (...records: [string, Parameters<typeof recordKey>[2]][]) =>
  records.map(([attempt, record]) => recordKey(job, attempt, record));

describe("what the keys of a job tell", () => {
  test("nothing", () => expect(historyOf(job, [])).toEqual(NO_HISTORY));

  test("each try counts once, by what became of it", () => {
    const found = keys(
      ["a", "started"],
      ["a", "failed"],
      ["b", "blocked"],
      ["c", "started"],
      ["c", "ended"],
      ["d", "started"],
    );
    expect(historyOf(job, found)).toEqual({
      hasResult: false,
      failures: 1,
      blocks: 1,
      ended: 1,
      vanished: 1,
    });
  });

  test("a result, and other jobs' keys", () => {
    const other = recordKey({ id: "m-10", generation: 0 }, "a", "failed");
    expect(historyOf(job, [resultKey(job), other, "jobs/m-1/g0/claim"])).toEqual({
      ...NO_HISTORY,
      hasResult: true,
    });
  });
});

describe("a job that takes its hosts down", () => {
  const vanished = (count: number) =>
    historyOf(
      job,
      keys(...Array.from({ length: count }, (_, i): [string, "started"] => [`a${i}`, "started"])),
    );

  test("is known by its third death: the first leaves only a receipt behind", () => {
    expect(isHostKiller(vanished(1), 3)).toBe(false);
    expect(isHostKiller(vanished(2), 4)).toBe(true);
  });

  test("is known without the first one as well", () => {
    expect(isHostKiller(vanished(2), 3)).toBe(false);
    expect(isHostKiller(vanished(3), 4)).toBe(true);
  });

  test("is not one that only waited in agents that died", () =>
    expect(isHostKiller(NO_HISTORY, 30)).toBe(false));

  test("is not one whose tries all ended for a known reason", () => {
    const found = keys(
      ["a", "started"],
      ["a", "ended"],
      ["b", "started"],
      ["b", "failed"],
      ["c", "started"],
      ["c", "blocked"],
    );
    expect(isHostKiller(historyOf(job, found), 4)).toBe(false);
  });
});
