import type { Face } from "./analyzer.ts";
import type { DetectorName, Settings } from "./args.ts";
import { type ExpressionName, type Expressions, expressionNames } from "./expressions.ts";
import type { VideoFacts } from "./video-facts.ts";

/** The whole answer: what is written to stdout. Times are seconds since the first picture of the video. */
export interface Report {
  video: VideoFacts;
  settings: { rateFps: number; threads: number; detector: DetectorName; R: number; smileThreshold: number };
  frames: FrameRecord[];
  summary: Summary;
}

export interface FrameRecord {
  timeS: number;
  /** The surest first. */
  faces: FaceRecord[];
}

interface FaceRecord {
  /** Left, top, width and height from brows to chin, in the video's own pixels. */
  box: [number, number, number, number];
  /** The detector's confidence, 0 to 1. */
  score: number;
  expressions: Expressions;
  smile: boolean;
  /** The probability of a happy face, 0 to 1. */
  smileScore: number;
}

interface Summary {
  framesAnalysed: number;
  framesWithFace: number;
  framesWithSmile: number;
  /** Of the frames with a face; null without any. */
  smileShare: number | null;
  facesMax: number;
  /** The one with the highest mean over all faces; null without any. */
  dominantExpression: ExpressionName | null;
  expressionMeans: Expressions | null;
  firstSmileS: number | null;
  /** Time from the first to the last frame of the longest unbroken run of frames with a smile. */
  longestSmileS: number | null;
}

/** R shifts the threshold of one half in thousandths; beyond 0 and 1 every or no face smiles, so it stops there. */
export function smileThreshold(R: number): number {
  return round(Math.min(1, Math.max(0, 0.5 + R / 1000)), 3);
}

export function buildFrame(
  index: number,
  faces: readonly Face[],
  scale: { x: number; y: number },
  { rateFps, R }: Pick<Settings, "rateFps" | "R">,
): FrameRecord {
  return {
    timeS: round(index / rateFps, 3),
    faces: faces.map((face) => buildFace(face, scale, smileThreshold(R))),
  };
}

function buildFace(
  { box, score, expressions }: Face,
  scale: { x: number; y: number },
  threshold: number,
): FaceRecord {
  const { happy } = expressions;
  return {
    box: [
      round(box.x * scale.x, 1),
      round(box.y * scale.y, 1),
      round(box.width * scale.x, 1),
      round(box.height * scale.y, 1),
    ],
    score: round(score, 3),
    expressions: mapExpressions((name) => round(expressions[name], 4)),
    smile: happy >= threshold,
    smileScore: round(happy, 4),
  };
}

export function buildReport(video: VideoFacts, settings: Settings, frames: FrameRecord[]): Report {
  const { rateFps, threads, detector, R } = settings;
  return {
    video,
    settings: { rateFps, threads, detector, R, smileThreshold: smileThreshold(R) },
    frames,
    summary: summarize(frames),
  };
}

function summarize(frames: readonly FrameRecord[]): Summary {
  const faces = frames.flatMap((frame) => frame.faces);
  const withFace = frames.filter((frame) => frame.faces.length > 0).length;
  const smiling = frames.filter(hasSmile);
  const means =
    faces.length === 0
      ? null
      : mapExpressions((name) => round(mean(faces.map(({ expressions }) => expressions[name])), 4));
  return {
    framesAnalysed: frames.length,
    framesWithFace: withFace,
    framesWithSmile: smiling.length,
    smileShare: withFace === 0 ? null : round(smiling.length / withFace, 4),
    facesMax: frames.reduce((max, frame) => Math.max(max, frame.faces.length), 0),
    dominantExpression: means === null ? null : highest(means),
    expressionMeans: means,
    firstSmileS: smiling[0]?.timeS ?? null,
    longestSmileS: longestSmile(frames),
  };
}

function longestSmile(frames: readonly FrameRecord[]): number | null {
  let longest: number | null = null;
  let start: number | null = null;
  for (const frame of frames) {
    if (!hasSmile(frame)) start = null;
    else {
      start ??= frame.timeS;
      longest = Math.max(longest ?? 0, round(frame.timeS - start, 3));
    }
  }
  return longest;
}

function hasSmile(frame: FrameRecord): boolean {
  return frame.faces.some(({ smile }) => smile);
}

function mapExpressions(value: (name: ExpressionName) => number): Expressions {
  return {
    neutral: value("neutral"),
    happy: value("happy"),
    sad: value("sad"),
    angry: value("angry"),
    fearful: value("fearful"),
    disgusted: value("disgusted"),
    surprised: value("surprised"),
  };
}

function highest(means: Expressions): ExpressionName {
  return expressionNames.reduce((best, name) => (means[name] > means[best] ? name : best));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
