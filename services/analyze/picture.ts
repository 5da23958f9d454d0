/** 8-bit RGB, row by row without padding. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** In pixels of a picture; may be fractional. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How a network wants its numbers: (value − mean) · scale, channel by channel. */
export interface Normalization {
  mean: readonly [number, number, number];
  scale: number;
}

/** Where in a tensor the scaled picture goes: `size` is the whole plane, the rest of it stays black. */
export interface Target {
  data: Float32Array;
  offset: number;
  planeWidth: number;
  planeHeight: number;
  /** The part of the plane that is filled. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Scales `from` bilinearly into planes of red, green and blue. */
export function drawScaled(picture: Picture, from: Rect, to: Target, { mean, scale }: Normalization): void {
  const { data } = to;
  const plane = to.planeWidth * to.planeHeight;
  for (let c = 0; c < 3; c++) {
    const black = -(mean[c] ?? 0) * scale;
    data.fill(black, to.offset + c * plane, to.offset + (c + 1) * plane);
  }
  const columns = taps(from.x, from.width, to.width, picture.width);
  const rows = taps(from.y, from.height, to.height, picture.height);
  const { pixels } = picture;
  const [meanR, meanG, meanB] = mean;
  for (let row = 0; row < to.height; row++) {
    const top = (rows.near[row] ?? 0) * picture.width;
    const bottom = (rows.far[row] ?? 0) * picture.width;
    const down = rows.weight[row] ?? 0;
    let out = to.offset + (to.y + row) * to.planeWidth + to.x;
    for (let column = 0; column < to.width; column++, out++) {
      const left = columns.near[column] ?? 0;
      const right = columns.far[column] ?? 0;
      const across = columns.weight[column] ?? 0;
      const a = (top + left) * 3;
      const b = (top + right) * 3;
      const c = (bottom + left) * 3;
      const d = (bottom + right) * 3;
      const wd = across * down;
      const wb = across - wd;
      const wc = down - wd;
      const wa = 1 - across - wc;
      data[out] = (mix(pixels, a, b, c, d, wa, wb, wc, wd) - meanR) * scale;
      data[out + plane] = (mix(pixels, a + 1, b + 1, c + 1, d + 1, wa, wb, wc, wd) - meanG) * scale;
      data[out + 2 * plane] = (mix(pixels, a + 2, b + 2, c + 2, d + 2, wa, wb, wc, wd) - meanB) * scale;
    }
  }
}

function mix(
  pixels: Uint8Array,
  a: number,
  b: number,
  c: number,
  d: number,
  wa: number,
  wb: number,
  wc: number,
  wd: number,
): number {
  return (pixels[a] ?? 0) * wa + (pixels[b] ?? 0) * wb + (pixels[c] ?? 0) * wc + (pixels[d] ?? 0) * wd;
}

interface Taps {
  near: Int32Array;
  far: Int32Array;
  weight: Float32Array;
}

/** The two neighbours of every target place along one axis, held inside the picture, and the second one's share. */
function taps(start: number, length: number, targetLength: number, limit: number): Taps {
  const near = new Int32Array(targetLength);
  const far = new Int32Array(targetLength);
  const weight = new Float32Array(targetLength);
  for (let i = 0; i < targetLength; i++) {
    const centre = start + ((i + 0.5) * length) / targetLength - 0.5;
    const held = Math.min(Math.max(centre, 0), limit - 1);
    near[i] = Math.floor(held);
    far[i] = Math.min(Math.floor(held) + 1, limit - 1);
    weight[i] = held - Math.floor(held);
  }
  return { near, far, weight };
}
