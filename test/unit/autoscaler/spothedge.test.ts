import { describe, expect, it } from "vitest";
import type { InstanceView, Snapshot } from "../../../autoscaler/snapshot.ts";
import { last, left, repeated } from "./baseline-walk.ts";
import { instances, onDemand, snapshot } from "./snapshots.ts";

const spot = ["a", "b", "c"].map((zone) => ({
  ...onDemand,
  name: `spot-${zone}`,
  market: "spot" as const,
  zone,
}));
const load = (pools: Snapshot["pools"], list: (atS: number) => InstanceView[] = () => []) =>
  repeated(20, 300, (atS) =>
    snapshot({ atS, arrived: Math.round(0.6 * atS), pools: [...pools], instances: list(atS) }),
  );
const refusing = (refused: number) => spot.map((pool, at) => (at < refused ? { ...pool, refused: 1 } : pool));
const zones = (pools: Snapshot["pools"]) =>
  last("spothedge", load([onDemand, ...pools])).flatMap((one) => (one.kind === "launch" ? [one.pool] : []));

describe("spothedge", () => {
  it("asks for one spot instance more than the target, spread over zones, and on-demand for the gap", () => {
    const actions = last("spothedge", load([onDemand, ...spot]));
    const counts = Object.fromEntries(
      actions.flatMap((one) => (one.kind === "launch" ? [[one.pool, one.count]] : [])),
    );
    expect(counts).toEqual({ "spot-a": 5, "spot-b": 4, "spot-c": 4, "on-demand": 12 });
  });
  it("avoids a zone that refused, until fewer than two are left", () => {
    expect(zones(refusing(1))).toEqual(["spot-b", "spot-c", "on-demand"]);
    expect(zones(refusing(2))).toEqual(["spot-a", "spot-b", "spot-c", "on-demand"]);
  });
  it("keeps on-demand instances for one cold start after the gap has closed", () => {
    const boots = { samples: 9, meanS: 100, p10S: 100, p50S: 100, p90S: 100, p99S: 100 };
    const pools = [onDemand, ...spot.map((pool) => ({ ...pool, bootS: boots }))];
    const held = (atS: number) => [
      ...instances(13, atS, { pool: "spot-a", state: atS < 1000 ? "booting" : "ready" }),
      ...instances(12, atS, { state: "ready" }).map((one) => ({ ...one, id: `od-${one.id}` })),
    ];
    const until = (untilS: number) =>
      repeated(20, untilS, (atS) =>
        snapshot({ atS, arrived: Math.round(0.6 * atS), pools: [...pools], instances: held(atS) }),
      );
    expect(left(last("spothedge", until(1080)))).toBe(0);
    expect(left(last("spothedge", until(1100)))).toBe(12);
  });
  it("needs no on-demand instance once all spot ones are ready", () => {
    expect(
      last(
        "spothedge",
        load([onDemand, ...spot], (atS) => instances(13, atS, { pool: "spot-a" })),
      ),
    ).toEqual([]);
  });
});
