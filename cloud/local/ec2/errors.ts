import type { FaultKind } from "../signature/fault.ts";

/** HTTP status of each code (EC2 API reference, "Error codes for the Amazon EC2 API"); 400 for the rest. */
const statuses: Record<string, number> = {
  AuthFailure: 401,
  DryRunOperation: 412,
  InsufficientInstanceCapacity: 500,
  InternalError: 500,
  RequestEntityTooLarge: 413,
  RequestLimitExceeded: 503,
  SignatureDoesNotMatch: 403,
  Unavailable: 503,
};

export const statusOf = (code: string) => statuses[code] ?? 400;

/** EC2's code for a signature that was not accepted. */
export const signatureCodes: Record<FaultKind, string> = {
  missing: "MissingAuthenticationToken",
  malformed: "AuthFailure",
  "malformed-query": "AuthFailure",
  "unknown-key": "AuthFailure",
  "invalid-token": "AuthFailure",
  "expired-token": "RequestExpired",
  mismatch: "SignatureDoesNotMatch",
  skewed: "RequestExpired",
  expired: "RequestExpired",
  "unsigned-header": "SignatureDoesNotMatch",
};
