/**
 * Why a signature was not accepted. Each protocol has its own codes for these.
 * `malformed` stands in the Authorization header, `malformed-query` in a presigned URL.
 */
export type FaultKind =
  | "missing"
  | "malformed"
  | "malformed-query"
  | "unknown-key"
  | "mismatch"
  | "skewed"
  | "expired"
  | "unsigned-header";

/** Thrown when a request's signature is not accepted; nothing has been read or written for it. */
export class SignatureFault extends Error {
  override readonly name = "SignatureFault";
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
