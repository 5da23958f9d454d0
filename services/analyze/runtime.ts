import { createRequire } from "node:module";

/** The part of onnxruntime-node that is used here. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}
export interface Runtime {
  Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

/** Loads the native runtime; it reads the environment once, and sends telemetry unless told not to before that. */
export function loadRuntime(): Runtime {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  const require = createRequire(import.meta.url);
  const runtime: Runtime = require("onnxruntime-node");
  return runtime;
}

/** One thread to a session: parallelism comes from several workers, which scales where threads in a session do not. */
export function openSession(runtime: Runtime, model: Uint8Array): Promise<Session> {
  return runtime.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}
