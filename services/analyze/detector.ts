import type { Picture, Rect } from "./picture.ts";
import { limits } from "./limits.ts";

/** A face in a picture, in that picture's pixels, with the network's confidence from 0 to 1. */
export interface Detection {
  box: Rect;
  score: number;
}

/** Finds faces in one picture; the surest first. One call at a time. */
export type Detector = (picture: Picture) => Promise<Detection[]>;

/** Below this a find is noise: face-api's own default. */
export const minScore = 0.5;

/**
 * Greedy non-maximum suppression: of boxes that overlap by more than `maxOverlap` (intersection over union)
 * only the surest stays. Boxes are cut at the picture's edges first.
 */
export function surest(found: readonly Detection[], picture: Picture, maxOverlap: number): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of found.toSorted((a, b) => b.score - a.score)) {
    const box = clip(candidate.box, picture);
    if (box.width < 2 || box.height < 2) continue;
    if (kept.some((other) => overlap(other.box, box) > maxOverlap)) continue;
    kept.push({ box, score: candidate.score });
    if (kept.length === limits.maxFacesPerFrame) break;
  }
  return kept;
}

function clip({ x, y, width, height }: Rect, picture: Picture): Rect {
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  const right = Math.min(picture.width, x + width);
  const bottom = Math.min(picture.height, y + height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function overlap(a: Rect, b: Rect): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
