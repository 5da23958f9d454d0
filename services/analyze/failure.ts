/** The exit codes of this program, as its manual states them. */
export const exitCodes = { failed: 1, badInput: 2 } as const;

/**
 * Thrown when the analysis cannot go on. `code` is stable and kebab-case; the message is one sentence for the
 * person who sent the video; `exitCode` tells the caller whether trying again can help (1) or cannot (2).
 */
export class AnalyzeError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, exitCode: number, cause?: unknown) {
    super(message, { cause });
    this.name = "AnalyzeError";
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The input is to blame: the same file fails everywhere and every time. */
export function badInput(code: string, message: string): AnalyzeError {
  return new AnalyzeError(code, message, exitCodes.badInput);
}

/** This program, its options or its machine are to blame. */
export function failed(code: string, message: string, cause?: unknown): AnalyzeError {
  return new AnalyzeError(code, message, exitCodes.failed, cause);
}
