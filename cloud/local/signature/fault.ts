/**
 * Why a signature was not accepted. Each protocol has its own codes for these.
 * `malformed` stands in the Authorization header, `malformed-query` in a presigned URL.
 */
export type FaultKind =
  | "missing"
  | "malformed"
  | "malformed-query"
  | "unknown-key"
  | "invalid-token"
  | "expired-token"
  | "mismatch"
  | "skewed"
  | "expired"
  | "unsigned-header";

/** Thrown when a request's signature is not accepted; nothing has been read or written for it. */
export class SignatureFault extends Error {
  override readonly name = "SignatureFault";
  readonly kind: FaultKind;
  /** What the error document may say besides, for example the region that was expected. */
  readonly details: Readonly<Record<string, string>>;

  constructor(kind: FaultKind, message: string, details: Record<string, string> = {}) {
    super(message);
    this.kind = kind;
    this.details = details;
  }
}
