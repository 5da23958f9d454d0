import { AwsError } from "../aws-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { misbehave } from "../nasty/misbehave.ts";

const slowDown = new AwsError("SlowDown", "Please reduce your request rate.");
const failure = new AwsError("InternalError", "We encountered an internal error. Please try again.");

/** What S3 may do to a request in nasty mode, before it has had any effect. Throws AwsError. */
export function misbehaveS3({ faults, head }: Exchange): void {
  misbehave(faults, [slowDown], failure);
  const conditional = head.headers.has("if-none-match") || head.headers.has("if-match");
  const writes = head.method === "PUT" || head.method === "POST" || head.method === "DELETE";
  if (conditional && writes && faults.strikes("conflict")) {
    throw new AwsError(
      "ConditionalRequestConflict",
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
    );
  }
}
