import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { failed } from "./failure.ts";

export interface Weight {
  /** Outermost first, as TensorFlow.js stores it: filters are height, width, in, out. */
  shape: readonly number[];
  values: Float32Array;
}

const modules = join(import.meta.dirname, "node_modules");

/** The files as published; another content would give other answers without anyone noticing. */
const knownFiles = {
  "@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json":
    "5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5",
  "@vladmandic/face-api/model/tiny_face_detector_model.bin":
    "b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871",
  "@vladmandic/face-api/model/face_expression_model-weights_manifest.json":
    "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
  "@vladmandic/face-api/model/face_expression_model.bin":
    "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
  "retinaface/mnet.25_v1.onnx": "a4bb1e33c921877ecccca2a2e757d44c4fb511ae84d85a833c5a77e6f2461744",
} as const;
export type ModelFile = keyof typeof knownFiles;

/**
 * A model file of an installed package, checked against its known SHA-256.
 * @throws AnalyzeError `models-missing` or `models-altered`.
 */
export function readModelFile(file: ModelFile): Uint8Array {
  const path = join(modules, file);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw failed(
      "models-missing",
      `${path} cannot be read; run "npm run setup" in ${import.meta.dirname}.`,
      error,
    );
  }
  if (createHash("sha256").update(bytes).digest("hex") !== knownFiles[file]) {
    throw failed(
      "models-altered",
      `${path} is not the published file; run "npm run setup" in ${import.meta.dirname}.`,
    );
  }
  return bytes;
}

/** One group of a TensorFlow.js weights manifest (tfjs-core, io/types.ts: WeightsManifestConfig). */
interface ManifestGroup {
  weights: readonly {
    name: string;
    shape: readonly number[];
    quantization?: { scale: number; min: number };
  }[];
}

/** The named weights of a face-api model; most are stored as one byte a number: value = byte · scale + min. */
export function readWeights(model: "tiny_face_detector" | "face_expression"): ReadonlyMap<string, Weight> {
  const json = readModelFile(`@vladmandic/face-api/model/${model}_model-weights_manifest.json`);
  const bytes = readModelFile(`@vladmandic/face-api/model/${model}_model.bin`);
  const groups: readonly ManifestGroup[] = JSON.parse(new TextDecoder().decode(json));
  const weights = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape, quantization } of groups.flatMap((group) => group.weights)) {
    const length = shape.reduce((product, size) => product * size, 1);
    const stored = bytes.subarray(offset, offset + length * (quantization ? 1 : 4));
    const values = quantization
      ? Float32Array.from(stored, (byte) => byte * quantization.scale + quantization.min)
      : new Float32Array(Uint8Array.from(stored).buffer);
    weights.set(name, { shape, values });
    offset += stored.length;
  }
  return weights;
}
