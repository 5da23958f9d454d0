import { type Detection, type Detector, minScore, surest } from "./detector.ts";
import { failed } from "./failure.ts";
import { drawScaled, type Normalization, type Rect } from "./picture.ts";
import { openSession, type Runtime, type Tensor } from "./runtime.ts";

/** Facts of the published RetinaFace mnet.25: 0…255 colours, 512 × 512, square anchors of two sizes a stride. */
const normalization: Normalization = { mean: [0, 0, 0], scale: 1 };
const side = 512;
const strides = [
  { stride: 32, anchorSides: [512, 256] },
  { stride: 16, anchorSides: [128, 64] },
  { stride: 8, anchorSides: [32, 16] },
] as const;
/** Centre of the first anchor: half of the base size of 16 that all strides share. */
const firstCentre = 8;
const maxOverlap = 0.4;

/** RetinaFace (arXiv:1905.00641) on a MobileNet of a quarter's width. */
export async function openRetinaDetector(runtime: Runtime, model: Uint8Array): Promise<Detector> {
  const session = await openSession(runtime, model);
  const data = new Float32Array(3 * side * side);
  return async (picture) => {
    const scale = side / Math.max(picture.width, picture.height);
    const width = Math.max(1, Math.round(picture.width * scale));
    const height = Math.max(1, Math.round(picture.height * scale));
    const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
    const target = { data, offset: 0, planeWidth: side, planeHeight: side, x: 0, y: 0, width, height };
    drawScaled(picture, whole, target, normalization);
    const result = await session.run({ data: new runtime.Tensor("float32", data, [1, 3, side, side]) });
    const found = strides.flatMap(({ stride, anchorSides }) =>
      decode(
        output(result, `face_rpn_cls_prob_reshape_stride${stride}`),
        output(result, `face_rpn_bbox_pred_stride${stride}`),
        { stride, anchorSides, scale },
      ),
    );
    return surest(found, picture, maxOverlap);
  };
}

function output(result: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = result[name];
  if (tensor === undefined) throw failed("network-failed", `The face detector gave no ${name}.`);
  return tensor;
}

interface Level {
  stride: number;
  anchorSides: readonly number[];
  scale: number;
}

/** Scores hold a plane of "no face" for each anchor and then one of "face"; boxes four planes for each anchor. */
function decode(scores: Tensor, boxes: Tensor, { stride, anchorSides, scale }: Level): Detection[] {
  const [, , rows = 0, columns = 0] = scores.dims;
  const plane = rows * columns;
  const found: Detection[] = [];
  anchorSides.forEach((anchorSide, anchor) => {
    const at = (channel: number, cell: number): number =>
      boxes.data[(anchor * 4 + channel) * plane + cell] ?? 0;
    for (let cell = 0; cell < plane; cell++) {
      const score = scores.data[(anchorSides.length + anchor) * plane + cell] ?? 0;
      if (score <= minScore) continue;
      const width = (anchorSide * Math.exp(at(2, cell))) / scale;
      const height = (anchorSide * Math.exp(at(3, cell))) / scale;
      const centreX = (firstCentre + (cell % columns) * stride + anchorSide * at(0, cell)) / scale;
      const centreY = (firstCentre + Math.floor(cell / columns) * stride + anchorSide * at(1, cell)) / scale;
      found.push({
        box: browsToChin({ x: centreX - width / 2, y: centreY - height / 2, width, height }),
        score,
      });
    }
  });
  return found;
}

/**
 * RetinaFace boxes reach up to the hair and are narrow; the expression network was trained on boxes from brows to
 * chin, as the tiny detector gives them. The shares are the median difference of the two detectors on real clips:
 * with them both agree on 98.5 % of smiles, without them on 95.5 %.
 */
function browsToChin({ x, y, width, height }: Rect): Rect {
  return { x: x - 0.1 * width, y: y + 0.2 * height, width: 1.2 * width, height: 0.82 * height };
}
