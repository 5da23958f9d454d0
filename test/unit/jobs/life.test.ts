import { describe, expect, test } from "vitest";
import { isFinal, JOB_STATES, type JobState, mayFollow } from "../../../jobs/life.ts";

const LEGAL: Record<JobState, string> = {
  received: "admitted settling returned abandoned",
  admitted: "fetching settling returned abandoned",
  fetching: "ready settling returned abandoned",
  ready: "running settling returned abandoned",
  running: "settling returned abandoned",
  settling: "done returned abandoned",
  done: "",
  returned: "",
  abandoned: "",
};

describe("the life of a job", () => {
  test.each(JOB_STATES)("from %s it goes where the table says, and nowhere else", (from) => {
    expect(JOB_STATES.filter((to) => mayFollow(from, to)).toSorted()).toEqual(
      LEGAL[from].split(" ").filter(Boolean).toSorted(),
    );
  });

  test("has three ends, and every other state leads to one of them", () => {
    expect(JOB_STATES.filter(isFinal)).toEqual(["done", "returned", "abandoned"]);
    for (const from of JOB_STATES.filter((it) => !isFinal(it))) {
      expect(mayFollow(from, "returned"), `${from} must be able to go back to the queue`).toBe(true);
      expect(mayFollow(from, "abandoned"), `${from} must be able to lose its lease`).toBe(true);
    }
  });
});
