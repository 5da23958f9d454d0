import { expect, test } from "vitest";
import { OnnxGraph } from "../../../services/analyze/onnx-graph.ts";
import { bytesField, floatField, message, varintField } from "../../../services/analyze/protobuf.ts";

test("fields are written as the protocol buffers guide's own examples", () => {
  expect([...varintField(1, 150)]).toEqual([0x08, 0x96, 0x01]);
  expect(Buffer.from(bytesField(2, "testing")).toString("hex")).toBe("120774657374696e67");
  expect([...message(bytesField(3, varintField(1, 150)))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...floatField(2, 1)]).toEqual([0x15, 0, 0, 0x80, 0x3f]);
});

test("field numbers above 15 take two bytes, lengths above 127 too", () => {
  expect([...varintField(20, 1)]).toEqual([0xa0, 0x01, 0x01]);
  expect([...bytesField(1, new Uint8Array(300)).subarray(0, 3)]).toEqual([0x0a, 0xac, 0x02]);
});

test("a graph's operators are chained by the names that add returns", () => {
  const graph = new OnnxGraph();
  const weight = graph.constant("w", [1], Float32Array.of(2));
  const doubled = graph.add("Mul", ["x", weight]);
  expect(graph.add("Relu", [doubled])).not.toBe(doubled);
  const model = Buffer.from(
    graph.model("g", { name: "x", shape: [1, "n"] }, { name: doubled, shape: [1, "n"] }),
  ).toString("latin1");
  for (const name of ["Mul", "Relu", "drover", "w", doubled]) expect(model).toContain(name);
});
