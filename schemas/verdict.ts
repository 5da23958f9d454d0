import type { ErrorCode } from "./codes.ts";
import type { JobOutput } from "./request.ts";

/** One thing that is wrong with a document. */
export interface Problem {
  /** One of schemas/codes.ts. */
  code: ErrorCode;
  /** From 1; where a start tag spans lines, the line it ends on. */
  line: number;
  /** One sentence: what is wrong and what is allowed. Never quotes a value of the document. */
  message: string;
}

/** What an invalid request still says by itself, so that its client can be told. */
export interface Salvage {
  output?: JobOutput;
  service?: string;
  reference?: string;
  /** Present when it is higher than CONTRACT_REVISION. */
  contract?: number;
}

export type Refusal = { ok: false; problems: readonly [Problem, ...Problem[]] } & Salvage;
export type Verdict<T> = { ok: true; value: T } | Refusal;
