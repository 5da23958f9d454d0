import type { FaultKind } from "../signature/fault.ts";

/** HTTP status of each code (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html); 400 for the rest. */
const statuses: Record<string, number> = {
  AccessDenied: 403,
  BucketNotEmpty: 409,
  ConditionalRequestConflict: 409,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidPartNumber: 416,
  InvalidRange: 416,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchBucketPolicy: 404,
  NoSuchCORSConfiguration: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NoSuchTagSet: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NoSuchWebsiteConfiguration: 404,
  NotImplemented: 501,
  NotModified: 304,
  ObjectLockConfigurationNotFoundError: 404,
  PreconditionFailed: 412,
  ReplicationConfigurationNotFoundError: 404,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
};

export const statusOf = (code: string) => statuses[code] ?? 400;

/** S3's code for a signature that was not accepted. */
export const signatureCodes: Record<FaultKind, string> = {
  missing: "AccessDenied",
  malformed: "AuthorizationHeaderMalformed",
  "malformed-query": "AuthorizationQueryParametersError",
  "unknown-key": "InvalidAccessKeyId",
  "invalid-token": "InvalidToken",
  "expired-token": "ExpiredToken",
  mismatch: "SignatureDoesNotMatch",
  skewed: "RequestTimeTooSkewed",
  expired: "AccessDenied",
  "unsigned-header": "AccessDenied",
};
