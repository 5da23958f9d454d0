import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Face } from "../../../services/analyze/analyzer.ts";
import type { Settings } from "../../../services/analyze/args.ts";
import { limits } from "../../../services/analyze/limits.ts";
import { buildFrame, buildReport, type Report, smileThreshold } from "../../../services/analyze/report.ts";

const settings: Settings = { input: "x", rateFps: 2, threads: 1, detector: "tiny", R: 0 };
const video = { width: 100, height: 50, durationS: null, fps: null };

function face(happy: number): Face {
  const rest = (1 - happy) / 2;
  return {
    box: { x: 10.26, y: 20, width: 5, height: 6 },
    score: 0.91234,
    expressions: { neutral: rest, happy, sad: rest, angry: 0, fearful: 0, disgusted: 0, surprised: 0 },
  };
}

/** One frame for each item: the happiness of its faces. */
function report(happiness: readonly (readonly number[])[], R = 0): Report {
  const frames = happiness.map((faces, i) =>
    buildFrame(i, faces.map(face), { x: 2, y: 3 }, { ...settings, R }),
  );
  return buildReport(video, { ...settings, R }, frames);
}

test("boxes are brought to the video's scale, numbers are short", () => {
  expect(report([[0.123456]]).frames[0]).toMatchObject({
    timeS: 0,
    faces: [{ box: [20.5, 60, 10, 18], score: 0.912, smile: false, smileScore: 0.1235 }],
  });
});

test("the summary counts frames, not faces, and finds the longest smile", () => {
  const { summary } = report([[], [0.9, 0.8], [0.7], [0.1], [0.6], [0.9], [0.95], [0.2, 0.1]]);
  expect(summary).toMatchObject({
    framesAnalysed: 8,
    framesWithFace: 7,
    framesWithSmile: 5,
    smileShare: 0.7143,
    facesMax: 2,
    dominantExpression: "happy",
    firstSmileS: 0.5,
    longestSmileS: 1,
  });
});

test("without a face there is nothing to say", () => {
  expect(report([[], []]).summary).toEqual({
    framesAnalysed: 2,
    framesWithFace: 0,
    framesWithSmile: 0,
    smileShare: null,
    facesMax: 0,
    dominantExpression: null,
    expressionMeans: null,
    firstSmileS: null,
    longestSmileS: null,
  });
});

describe("R", () => {
  test("shifts the threshold in thousandths and stops at 0 and 1", () => {
    expect([-1000, -500, -100, 0, 250, 500, 1000].map(smileThreshold)).toEqual([0, 0, 0.4, 0.5, 0.75, 1, 1]);
  });

  test("never takes a smile away when it falls", () => {
    const R = fc.integer({ min: -1000, max: 1000 });
    const happiness = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(R, R, happiness, (a, b, frames) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const smiles = (value: number): number => report(frames, value).summary.framesWithSmile;
        expect(smiles(low)).toBeGreaterThanOrEqual(smiles(high));
      }),
    );
  });
});

test("the longest report that the limits allow fits into the manifest's 64 MiB", () => {
  const worst = report([Array.from({ length: limits.maxFacesPerFrame }, () => 1 / 3)]);
  const [record] = worst.frames;
  const longest = JSON.stringify(record).length + 10 * limits.maxFacesPerFrame * 4;
  expect(longest * limits.maxFrames).toBeLessThan(67_108_864);
});
