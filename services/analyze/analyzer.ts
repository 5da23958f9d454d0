import type { DetectorName } from "./args.ts";
import type { Detector } from "./detector.ts";
import { type Expressions, openExpressionReader } from "./expressions.ts";
import { expressionModel, tinyDetectorModel } from "./networks.ts";
import type { Picture, Rect } from "./picture.ts";
import { openRetinaDetector } from "./retina-detector.ts";
import { loadRuntime, type Runtime } from "./runtime.ts";
import { openTinyDetector } from "./tiny-detector.ts";
import { readModelFile } from "./weights.ts";

export interface Face {
  /** In the analysed picture's pixels. */
  box: Rect;
  score: number;
  expressions: Expressions;
}

/** The networks of an analysis as bytes, built once and copied to every worker: at most 3 MB each. */
export interface Models {
  detector: DetectorName;
  detectorModel: Uint8Array;
  expressionModel: Uint8Array;
}

export function buildModels(detector: DetectorName): Models {
  const detectorModel =
    detector === "tiny" ? tinyDetectorModel() : readModelFile("retinaface/mnet.25_v1.onnx");
  return { detector, detectorModel, expressionModel: expressionModel() };
}

/** Everything that happens to one picture. One call at a time. */
type Analyzer = (picture: Picture) => Promise<Face[]>;

export async function openAnalyzer(models: Models): Promise<Analyzer> {
  const runtime = loadRuntime();
  const detect = await openDetector(runtime, models);
  const readExpressions = await openExpressionReader(runtime, models.expressionModel);
  return async (picture) => {
    const detections = await detect(picture);
    const expressions = await readExpressions(
      picture,
      detections.map(({ box }) => box),
    );
    return detections.flatMap(({ box, score }, i) => {
      const read = expressions[i];
      return read === undefined ? [] : [{ box, score, expressions: read }];
    });
  };
}

function openDetector(runtime: Runtime, { detector, detectorModel }: Models): Promise<Detector> {
  return detector === "tiny"
    ? openTinyDetector(runtime, detectorModel)
    : openRetinaDetector(runtime, detectorModel);
}
