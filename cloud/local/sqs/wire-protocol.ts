import type { AwsError } from "../aws-error.ts";
import type { RequestHead } from "../http/head.ts";
import type { Wire } from "./errors.ts";
import type { Input } from "./input.ts";

/** How requests and answers look on the wire. The operations do not know which one they were called by. */
export interface WireProtocol {
  readonly contentType: string;
  /** What is asked for; throws AwsError. The input is read only when the action is known. */
  read(head: RequestHead, body: Buffer): { action: string; input: () => Input };
  unknownAction(action: string): AwsError;
  answer(action: string, output: Readonly<Record<string, unknown>>, requestId: string): string;
  refusal(wire: Wire, message: string, requestId: string): { text: string; headers: Record<string, string> };
}
