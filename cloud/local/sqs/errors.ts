import type { FaultKind } from "../signature/fault.ts";

/** How an error is told: HTTP status, and the code of the query protocol that older clients match on. */
export interface Wire {
  status: number;
  queryCode: string;
  /** The error's shape in the JSON protocol. */
  type: string;
  sender: boolean;
}

const modelled: Record<string, [status: number, queryCode: string]> = {
  BatchEntryIdsNotDistinct: [400, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"],
  BatchRequestTooLong: [400, "AWS.SimpleQueueService.BatchRequestTooLong"],
  EmptyBatchRequest: [400, "AWS.SimpleQueueService.EmptyBatchRequest"],
  InvalidAddress: [404, "InvalidAddress"],
  InvalidAttributeName: [400, "InvalidAttributeName"],
  InvalidAttributeValue: [400, "InvalidAttributeValue"],
  InvalidBatchEntryId: [400, "AWS.SimpleQueueService.InvalidBatchEntryId"],
  InvalidMessageContents: [400, "InvalidMessageContents"],
  MessageNotInflight: [400, "AWS.SimpleQueueService.MessageNotInflight"],
  OverLimit: [403, "OverLimit"],
  PurgeQueueInProgress: [403, "AWS.SimpleQueueService.PurgeQueueInProgress"],
  QueueDeletedRecently: [400, "AWS.SimpleQueueService.QueueDeletedRecently"],
  QueueDoesNotExist: [400, "AWS.SimpleQueueService.NonExistentQueue"],
  QueueNameExists: [400, "QueueAlreadyExists"],
  RequestThrottled: [403, "RequestThrottled"],
  ResourceNotFoundException: [404, "ResourceNotFoundException"],
  ReceiptHandleIsInvalid: [404, "ReceiptHandleIsInvalid"],
  TooManyEntriesInBatchRequest: [400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"],
  UnsupportedOperation: [400, "AWS.SimpleQueueService.UnsupportedOperation"],
};

const statuses: Record<string, number> = {
  ExpiredToken: 403,
  InternalFailure: 500,
  InvalidClientTokenId: 403,
  MissingAuthenticationToken: 403,
  RequestEntityTooLarge: 413,
  SignatureDoesNotMatch: 403,
};

/** Codes of our API model keep their name; the rest are AWS's common errors, which end in `Exception` in JSON. */
export function wireOf(code: string): Wire {
  const known = modelled[code];
  if (known !== undefined) {
    return { status: known[0], queryCode: known[1], type: `com.amazonaws.sqs#${code}`, sender: true };
  }
  const status = statuses[code] ?? 400;
  const name = code === "MissingParameter" ? "MissingRequiredParameter" : code.replace(/Exception$/, "");
  return { status, queryCode: code, type: `com.amazon.coral.service#${name}Exception`, sender: status < 500 };
}

/** SQS's code for a signature that was not accepted. */
export const signatureCodes: Record<FaultKind, string> = {
  missing: "MissingAuthenticationToken",
  malformed: "IncompleteSignature",
  "malformed-query": "IncompleteSignature",
  "unknown-key": "InvalidClientTokenId",
  "invalid-token": "InvalidClientTokenId",
  "expired-token": "ExpiredToken",
  mismatch: "SignatureDoesNotMatch",
  skewed: "SignatureDoesNotMatch",
  expired: "SignatureDoesNotMatch",
  "unsigned-header": "SignatureDoesNotMatch",
};
