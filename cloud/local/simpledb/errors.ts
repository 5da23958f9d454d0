import type { FaultKind } from "../signature/fault.ts";

/** HTTP status of each code (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/APIError.html); 400 for the rest. */
const statuses: Record<string, number> = {
  AttributeDoesNotExist: 404,
  AuthMissingFailure: 403,
  ConditionalCheckFailed: 409,
  InternalError: 500,
  InvalidClientTokenId: 403,
  MultiValuedAttribute: 409,
  NumberDomainAttributesExceeded: 409,
  NumberDomainBytesExceeded: 409,
  NumberDomainsExceeded: 409,
  NumberItemAttributesExceeded: 409,
  NumberSubmittedAttributesExceeded: 409,
  NumberSubmittedItemsExceeded: 409,
  RequestEntityTooLarge: 413,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
};

export const statusOf = (code: string) => statuses[code] ?? 400;

/** SimpleDB's code for a signature that was not accepted. */
export const signatureCodes: Record<FaultKind, string> = {
  missing: "AuthMissingFailure",
  malformed: "InvalidHTTPAuthHeader",
  "malformed-query": "InvalidParameterValue",
  "unknown-key": "InvalidClientTokenId",
  "invalid-token": "InvalidClientTokenId",
  "expired-token": "ExpiredToken",
  mismatch: "SignatureDoesNotMatch",
  skewed: "RequestExpired",
  expired: "RequestExpired",
  "unsigned-header": "SignatureDoesNotMatch",
};
