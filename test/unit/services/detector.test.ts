import { expect, test } from "vitest";
import { type Detection, surest } from "../../../services/analyze/detector.ts";
import { limits } from "../../../services/analyze/limits.ts";

const picture = { width: 100, height: 100, pixels: new Uint8Array() };

function found(x: number, score: number, width = 20): Detection {
  return { box: { x, y: 10, width, height: 20 }, score };
}

test("of overlapping boxes the surest stays, others stay beside it, the surest first", () => {
  const kept = surest([found(10, 0.6), found(12, 0.9), found(60, 0.7)], picture, 0.4);
  expect(kept.map(({ score }) => score)).toEqual([0.9, 0.7]);
});

test("boxes are cut at the edges, and dropped when nothing is left", () => {
  const kept = surest([found(-10, 0.9), found(95, 0.8), found(200, 0.7), found(-30, 0.6)], picture, 0.4);
  expect(kept.map(({ box }) => [box.x, box.width])).toEqual([
    [0, 10],
    [95, 5],
  ]);
});

test("a crowd is cut at the limit", () => {
  const wide = { width: 10_000, height: 100, pixels: new Uint8Array() };
  const crowd = Array.from({ length: 40 }, (_, i) => found(i * 50, 0.5 + i / 100));
  const kept = surest(crowd, wide, 0.4);
  expect(kept).toHaveLength(limits.maxFacesPerFrame);
  expect(kept[0]?.score).toBeCloseTo(0.89);
});
