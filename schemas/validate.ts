import { checkDocument } from "./check-document.ts";
import { schemaValidator } from "./compiled.ts";
import type { DocumentKind } from "./compiled.ts";
import { readRequest } from "./read-request.ts";
import { readResponse } from "./read-response.ts";
import type { JobRequest } from "./request.ts";
import type { JobResponse } from "./response.ts";
import { salvageRequest } from "./salvage.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The one verdict on a document, the same in client, agent and callback receiver. Never throws for bad input, never
 * loads anything the document names, never quotes a value in its messages.
 */
export function validate(kind: "request", xml: string | Uint8Array): Verdict<JobRequest>;
export function validate(kind: "response", xml: string | Uint8Array): Verdict<JobResponse>;
export function validate(kind: DocumentKind, xml: string | Uint8Array): Verdict<JobRequest | JobResponse> {
  return kind === "request"
    ? checkDocument(xml, { kind, read: readRequest, salvage: salvageRequest })
    : checkDocument(xml, { kind, read: readResponse, salvage: () => ({}) });
}

/** Compiles both schemas now (a few milliseconds), so that the first document does not wait for it. */
export function warmUp(): void {
  schemaValidator("request");
  schemaValidator("response");
}
