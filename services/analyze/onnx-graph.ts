import { bytesField, floatField, message, varintField } from "./protobuf.ts";

/** Shapes are outermost first; a name in the place of a number stands for a size known only at run time. */
export type Shape = readonly (number | string)[];
type Attribute = number | string | readonly number[] | { float: number };

/**
 * Builds an ONNX model in memory, one operator at a time. Field numbers are those of onnx.proto3
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), IR version 8, operator set 17.
 */
export class OnnxGraph {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];

  /** A constant of 32-bit floats, row-major. */
  constant(name: string, shape: readonly number[], values: Float32Array): string {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dims = shape.map((size) => varintField(1, size));
    this.#initializers.push(message(...dims, varintField(2, FLOAT), bytesField(8, name), bytesField(9, raw)));
    return name;
  }

  /** Adds an operator and returns the name of its single output. */
  add(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = `${type}_${this.#nodes.length}`;
    this.#nodes.push(
      message(
        ...inputs.map((input) => bytesField(1, input)),
        bytesField(2, output),
        bytesField(4, type),
        ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
      ),
    );
    return output;
  }

  /** The finished model's bytes. */
  model(
    name: string,
    input: { name: string; shape: Shape },
    output: { name: string; shape: Shape },
  ): Uint8Array {
    const graph = message(
      ...this.#nodes.map((node) => bytesField(1, node)),
      bytesField(2, name),
      ...this.#initializers.map((tensor) => bytesField(5, tensor)),
      bytesField(11, valueInfo(input)),
      bytesField(12, valueInfo(output)),
    );
    return message(
      varintField(1, 8),
      bytesField(2, "drover"),
      bytesField(7, graph),
      bytesField(8, varintField(2, 17)),
    );
  }
}

/** TensorProto.DataType */
const FLOAT = 1;
/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, integer: 2, string: 3, integers: 7 } as const;

function attribute(name: string, value: Attribute): Uint8Array {
  const head = bytesField(1, name);
  if (typeof value === "number")
    return message(head, varintField(3, value), varintField(20, attributeTypes.integer));
  if (typeof value === "string")
    return message(head, bytesField(4, value), varintField(20, attributeTypes.string));
  if ("float" in value)
    return message(head, floatField(2, value.float), varintField(20, attributeTypes.float));
  return message(head, ...value.map((i) => varintField(8, i)), varintField(20, attributeTypes.integers));
}

function valueInfo({ name, shape }: { name: string; shape: Shape }): Uint8Array {
  const dims = shape.map((size) =>
    bytesField(1, typeof size === "number" ? varintField(1, size) : bytesField(2, size)),
  );
  const tensor = message(varintField(1, FLOAT), bytesField(2, message(...dims)));
  return message(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
}
