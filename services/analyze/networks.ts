import { failed } from "./failure.ts";
import { OnnxGraph } from "./onnx-graph.ts";
import { readWeights, type Weight } from "./weights.ts";

/**
 * The two face-api networks, whose weights are published for TensorFlow.js, as ONNX models. Layer order and
 * activations are facts of the published networks (face-api: TinyFaceDetector and FaceExpressionNet). Building
 * both takes about 20 ms, less than keeping a cache of them honest would cost.
 */

/** TinyFaceDetector: five separable blocks, each halving the picture but the last; 5 numbers for each of 5 anchors. */
export function tinyDetectorModel(): Uint8Array {
  const layers = new Layers(readWeights("tiny_face_detector"));
  const { graph } = layers;
  let x = layers.leaky(layers.conv("picture", "conv0", 1, "VALID"));
  x = halve(graph, x, 2);
  for (const [name, stride] of [
    ["conv1", 2],
    ["conv2", 2],
    ["conv3", 2],
    ["conv4", 2],
    ["conv5", 1],
  ] as const) {
    x = halve(graph, layers.leaky(layers.separable(x, name, 1)), stride);
  }
  x = layers.conv(x, "conv8", 1, "VALID");
  return graph.model(
    "tiny_face_detector",
    { name: "picture", shape: [1, 3, "height", "width"] },
    { name: x, shape: [1, 25, "rows", "columns"] },
  );
}

/** FaceExpressionNet: four dense blocks on 112 × 112 faces, then seven probabilities. */
export function expressionModel(): Uint8Array {
  const layers = new Layers(readWeights("face_expression"));
  const { graph } = layers;
  let x = "faces";
  for (const name of ["dense0", "dense1", "dense2", "dense3"]) x = denseBlock(layers, x, name);
  x = graph.add("AveragePool", [x], { kernel_shape: [7, 7], strides: [2, 2] });
  x = graph.add("Flatten", [x], { axis: 1 });
  x = graph.add("Gemm", [x, layers.plain("fc/weights"), layers.plain("fc/bias")]);
  x = graph.add("Softmax", [x], { axis: 1 });
  return graph.model(
    "face_expression",
    { name: "faces", shape: ["count", 3, 112, 112] },
    { name: x, shape: ["count", 7] },
  );
}

function halve(graph: OnnxGraph, x: string, stride: number): string {
  return graph.add("MaxPool", [x], {
    kernel_shape: [2, 2],
    strides: [stride, stride],
    auto_pad: "SAME_UPPER",
  });
}

/** Each layer sees the rectified sum of all layers before it; the first one halves the picture. */
function denseBlock(layers: Layers, x: string, name: string): string {
  const { graph } = layers;
  const first =
    name === "dense0"
      ? layers.conv(x, `${name}/conv0`, 2, "SAME_UPPER")
      : layers.separable(x, `${name}/conv0`, 2);
  let sum = graph.add("Relu", [first]);
  let rectified = sum;
  for (const step of ["conv1", "conv2", "conv3"]) {
    sum = graph.add("Add", [sum, layers.separable(rectified, `${name}/${step}`, 1)]);
    rectified = graph.add("Relu", [sum]);
  }
  return rectified;
}

/** The convolutions of both networks, with their weights brought from TensorFlow's order into ONNX's. */
class Layers {
  readonly graph = new OnnxGraph();
  readonly #weights: ReadonlyMap<string, Weight>;

  constructor(weights: ReadonlyMap<string, Weight>) {
    this.#weights = weights;
  }

  conv(x: string, name: string, stride: number, padding: "VALID" | "SAME_UPPER"): string {
    const inputs = [x, this.#filters(`${name}/filters`), this.plain(`${name}/bias`)];
    return this.graph.add("Conv", inputs, { strides: [stride, stride], auto_pad: padding });
  }

  /** A filter for each channel alone, then a 1 × 1 mix of the channels. */
  separable(x: string, name: string, stride: number): string {
    const channels = this.#weight(`${name}/depthwise_filter`).shape[2] ?? 0;
    const depthwise = this.graph.add("Conv", [x, this.#filters(`${name}/depthwise_filter`)], {
      strides: [stride, stride],
      auto_pad: "SAME_UPPER",
      group: channels,
    });
    return this.graph.add("Conv", [
      depthwise,
      this.#filters(`${name}/pointwise_filter`),
      this.plain(`${name}/bias`),
    ]);
  }

  leaky(x: string): string {
    return this.graph.add("LeakyRelu", [x], { alpha: { float: 0.1 } });
  }

  plain(name: string): string {
    const { shape, values } = this.#weight(name);
    return this.graph.constant(name, shape, values);
  }

  /** [height, width, in, out] becomes [out, in, height, width]; a depthwise filter's [height, width, in, 1] [in, 1, …]. */
  #filters(name: string): string {
    const { shape, values } = this.#weight(name);
    const [height = 0, width = 0, a = 0, b = 0] = shape;
    const depthwise = name.endsWith("/depthwise_filter");
    const [outer, inner] = depthwise ? [a, b] : [b, a];
    const ordered = new Float32Array(values.length);
    let target = 0;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        for (let place = 0; place < height * width; place++) {
          const source = depthwise ? (place * a + o) * b + i : (place * a + i) * b + o;
          ordered[target++] = values[source] ?? 0;
        }
      }
    }
    return this.graph.constant(name, [outer, inner, height, width], ordered);
  }

  #weight(name: string): Weight {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw failed("models-altered", `The model has no weight named ${name}.`);
    return weight;
  }
}
