/**
 * A refusal in AWS's words. The core throws it before anything was written; each protocol turns it into its
 * own shape (JSON for SQS, XML for S3).
 */
export class AwsError extends Error {
  override readonly name = "AwsError";
  /** The code as the service's API model spells it, for example `QueueDoesNotExist` or `NoSuchKey`. */
  readonly code: string;
  /** Further elements of the error document, for example `BucketName`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(code: string, message: string, details: Record<string, string> = {}, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.details = details;
  }
}
