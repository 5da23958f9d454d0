import { expect, test } from "vitest";
import { drawScaled, type Picture, type Target } from "../../../services/analyze/picture.ts";

const plain = { mean: [0, 0, 0], scale: 1 } as const;

function target(planeWidth: number, planeHeight: number, part: Partial<Target> = {}): Target {
  const data = new Float32Array(3 * planeWidth * planeHeight);
  const whole = { x: 0, y: 0, width: planeWidth, height: planeHeight };
  return { data, offset: 0, planeWidth, planeHeight, ...whole, ...part };
}

/** Red counts columns, green rows, blue is constant. */
const gradient: Picture = {
  width: 4,
  height: 2,
  pixels: Uint8Array.from(
    { length: 24 },
    (_, i) => [Math.floor(i / 3) % 4, Math.floor(i / 12), 9][i % 3] ?? 0,
  ),
};

test("at its own size a picture is only sorted into planes", () => {
  const to = target(4, 2);
  drawScaled(gradient, { x: 0, y: 0, width: 4, height: 2 }, to, plain);
  expect([...to.data]).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 0, 0, 0, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9, 9]);
});

test("half the size takes the mean of neighbours", () => {
  const to = target(2, 1);
  drawScaled(gradient, { x: 0, y: 0, width: 4, height: 2 }, to, plain);
  expect([...to.data]).toEqual([0.5, 2.5, 0.5, 0.5, 9, 9]);
});

test("what is not filled is black after normalization, and places beyond the edge repeat it", () => {
  const to = target(3, 1, { x: 1, width: 1 });
  drawScaled(gradient, { x: 10, y: 0, width: 2, height: 1 }, to, { mean: [1, 2, 3], scale: 0.5 });
  expect([...to.data]).toEqual([-0.5, 1, -0.5, -1, -1, -1, -1.5, 3, -1.5]);
});
