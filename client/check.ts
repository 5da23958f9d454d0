import { createHash } from "node:crypto";
import { buildRequest } from "../schemas/build.ts";
import { maskRequest } from "../schemas/mask.ts";
import { checkRequest } from "../schemas/parameters.ts";
import type { JobRequest } from "../schemas/request.ts";
import type { ServiceManifest } from "../schemas/service.ts";
import { validate } from "../schemas/validate.ts";
import { RefusedRequest } from "./refusal.ts";

/** A request that the agent will accept, and the document that says so. */
export interface CheckedJob {
  request: JobRequest;
  xml: string;
}

/**
 * Builds the document and gives it the verdict the agent would give it.
 * @param manifest the service's own rules, when they are at hand
 * @throws RefusedRequest with every fault
 */
export function checkJob(request: JobRequest, manifest?: ServiceManifest): CheckedJob {
  const xml = buildRequest(request);
  const verdict = validate("request", xml);
  if (!verdict.ok) throw new RefusedRequest(verdict.problems);
  if (manifest !== undefined) {
    const checked = checkRequest(manifest, request);
    if (!checked.ok) throw new RefusedRequest([checked]);
  }
  return { request, xml };
}

/** The document as people may see it: secrets replaced by `***`. */
export function shownXml(request: JobRequest): string {
  return buildRequest(maskRequest(request));
}

/** Equal for requests that ask for the same, whatever their secrets: those may rotate between two submits. */
export function fingerprintOf(request: JobRequest): string {
  return createHash("sha256").update(shownXml(request)).digest("hex");
}
