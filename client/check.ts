import { createHash } from "node:crypto";
import { DroverError } from "../base/errors.ts";
import { buildRequest } from "../schemas/build.ts";
import { maskSecrets } from "../schemas/mask.ts";
import { checkRequest } from "../schemas/parameters.ts";
import type { JobRequest } from "../schemas/request.ts";
import type { ServiceManifest } from "../schemas/service.ts";
import { RefusedRequest } from "./refusal.ts";

/** A request that the agent will accept, and the document that says so. */
export interface CheckedJob {
  request: JobRequest;
  xml: string;
}

/**
 * Builds the document; what is built has passed the verdict that the agent will give it.
 * @throws RefusedRequest with every fault
 */
export function checkJob(request: JobRequest): CheckedJob {
  try {
    return { request, xml: buildRequest(request) };
  } catch (error) {
    if (error instanceof DroverError) throw new RefusedRequest([error]);
    throw error;
  }
}

/** The service's own rules, as the agent will apply them. @throws RefusedRequest */
export function checkAgainst(manifest: ServiceManifest, request: JobRequest): void {
  const verdict = checkRequest(manifest, request);
  if (verdict.ok) return;
  if (verdict.code !== "input-missing") throw new RefusedRequest([verdict]);
  const message = `The service "${manifest.name}" needs an input: give its URL (http, https or s3).`;
  throw new RefusedRequest([{ code: verdict.code, message }]);
}

/** The document as people may see it: secrets replaced by `***`. */
export function shownXml({ xml }: CheckedJob): string {
  return maskSecrets(xml);
}

/** Equal for requests that ask for the same, whatever their secrets: those may rotate between two submits. */
export function fingerprintOf(job: CheckedJob): string {
  return createHash("sha256").update(shownXml(job)).digest("hex");
}
