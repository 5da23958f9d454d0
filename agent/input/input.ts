import type { Failure } from "../../jobs/failure.ts";

/** Thrown when the input cannot be had; carries the failure as the client will read it. */
export class InputFailure extends Error {
  override readonly name = "InputFailure";
  readonly failure: Failure;

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** Whether asking again may help. */
export function isTransient(error: unknown): boolean {
  return (
    !(error instanceof InputFailure) ||
    error.failure.code === "input-unreachable" ||
    error.failure.code === "input-incomplete"
  );
}
