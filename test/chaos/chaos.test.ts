import { expect, test } from "vitest";
import { playChaos } from "./play.ts";
import { brokenPromises } from "./run.ts";

const KILLS = 100;
const JOBS = 180;
/** On a machine that does much else; what was done by then is judged, and too few kills fail the test. */
const LIMIT_S = 150;

test(
  `${KILLS} kills of real agents over bad programs, a nasty cloud and bad networks break no promise`,
  async () => {
    const report = await playChaos({
      kills: KILLS,
      jobs: JOBS,
      agents: 6,
      limitS: LIMIT_S,
      cutShort: new AbortController().signal,
      seed: 7,
      profile: "mild",
      say: () => undefined,
    });
    expect(brokenPromises(report)).toEqual([]);
    expect(report.kills).toBeGreaterThanOrEqual(KILLS);
    expect(report.jobs).toBeGreaterThanOrEqual(JOBS);
    expect(
      Math.min(report.stops, report.connectionsCut, report.refusedByTheCloud, report.parked),
    ).toBeGreaterThan(0);
  },
  (LIMIT_S + 150) * 1000,
);
