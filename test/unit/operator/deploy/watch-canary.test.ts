import { describe, expect, test } from "vitest";
import { watchCanary } from "../../../../operator/deploy/watch-canary.ts";
import { createSimClock } from "../../../support/sim-clock.ts";

const NEW = "2.0.0";
const BAKE_S = 60;

/** What two instances report, of which the first is the canary. @param canary by seconds since the channel named it */
async function watch(canary: (atS: number) => Record<string, string>) {
  const clock = createSimClock();
  const row = (instanceId: string, fields: Record<string, string>) => ({
    instanceId,
    heartbeatAt: clock.now(),
    periodS: 10,
    state: "working",
    release: "1.0.0",
    ...fields,
  });
  const listStatus = async () => {
    await Promise.resolve();
    return [row("i-1", canary(clock.monotonic() / 1000)), row("i-2", {})];
  };
  const store = { listStatus } as unknown as Parameters<typeof watchCanary>[0]["store"];
  const channel = { version: NEW, manifestSha256: "0".repeat(64), instances: ["i-1"] };
  const watched = watchCanary({ store, clock }, channel, BAKE_S, () => undefined);
  const { verdict, why } = await clock.settle(watched);
  return { verdict, why, afterS: Math.round(clock.monotonic() / 1000) };
}

describe("a canary that is watched", () => {
  test("and refuses the release is taken back at once, with its reason", async () => {
    const problem = `release-refused ${NEW} is refused by this instance: its agent ended before it was ready`;
    expect(await watch((atS) => (atS < 20 ? {} : { releaseProblem: problem }))).toEqual({
      verdict: "rollback",
      why: `i-1 could not run it: ${problem}`,
      afterS: 20,
    });
  });

  test("and never starts it is taken back after three minutes", async () => {
    expect(await watch(() => ({}))).toMatchObject({ verdict: "rollback", afterS: 181 });
  });

  test("must do well for the whole time that was asked for, however long it took to start", async () => {
    expect(await watch((atS) => (atS < 50 ? {} : { release: NEW }))).toMatchObject({
      verdict: "promote",
      afterS: 110,
    });
  });
});
