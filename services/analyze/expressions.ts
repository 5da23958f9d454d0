import { failed } from "./failure.ts";
import { drawScaled, type Normalization, type Picture, type Rect } from "./picture.ts";
import { openSession, type Runtime } from "./runtime.ts";

/** In the order of the network's answers. */
export const expressionNames = [
  "neutral",
  "happy",
  "sad",
  "angry",
  "fearful",
  "disgusted",
  "surprised",
] as const;
export type ExpressionName = (typeof expressionNames)[number];
/** Probabilities that sum to one. */
export type Expressions = Record<ExpressionName, number>;

/** Reads the expression of every face of a picture at once. */
export type ExpressionReader = (picture: Picture, faces: readonly Rect[]) => Promise<Expressions[]>;

/** A fact of the published FaceExpressionNet: its mean colour and input side. */
const normalization: Normalization = { mean: [122.782, 117.001, 104.298], scale: 1 / 255 };
const side = 112;
const plane = side * side;

export async function openExpressionReader(runtime: Runtime, model: Uint8Array): Promise<ExpressionReader> {
  const session = await openSession(runtime, model);
  const [output = ""] = session.outputNames;
  return async (picture, faces) => {
    if (faces.length === 0) return [];
    const data = new Float32Array(faces.length * 3 * plane);
    faces.forEach((face, i) => drawFace(picture, face, data, i * 3 * plane));
    const tensor = new runtime.Tensor("float32", data, [faces.length, 3, side, side]);
    const answer = (await session.run({ faces: tensor }))[output]?.data;
    if (answer === undefined) throw failed("network-failed", "The expression network gave no answer.");
    return faces.map((_, i) => toExpressions(answer.subarray(i * 7, i * 7 + 7)));
  };
}

/** Keeps the face's proportions and centres it, as the network was trained. */
function drawFace(picture: Picture, face: Rect, data: Float32Array, offset: number): void {
  const scale = side / Math.max(face.width, face.height);
  const width = Math.max(1, Math.round(face.width * scale));
  const height = Math.max(1, Math.round(face.height * scale));
  const x = Math.floor((side - width) / 2);
  const y = Math.floor((side - height) / 2);
  drawScaled(
    picture,
    face,
    { data, offset, planeWidth: side, planeHeight: side, x, y, width, height },
    normalization,
  );
}

function toExpressions(values: Float32Array): Expressions {
  const [neutral = 0, happy = 0, sad = 0, angry = 0, fearful = 0, disgusted = 0, surprised = 0] = values;
  return { neutral, happy, sad, angry, fearful, disgusted, surprised };
}
