import type { XmlElement } from "libxml2-wasm";
import type { Artifact, JobResponse, Timings } from "./response.ts";
import { attribute, child, children, optional, required } from "./tree.ts";
import type { Report } from "./tree.ts";

const STATUSES = ["success", "rejected", "failed", "cancelled"] as const;

/**
 * The response in a tree that follows response.xsd. Reports what XSD 1.0 cannot say: rules between two places.
 * The value is of use only when nothing was reported.
 */
export function readResponse(root: XmlElement, report: Report): JobResponse {
  const status = STATUSES.find((known) => known === attribute(root, "status")) ?? "failed";
  const error = child(root, "error");
  if (status === "success" && error !== undefined) {
    report(error, 'a response with status "success" has no <error>');
  }
  if (status !== "success" && error === undefined) {
    report(root, `a response with status "${status}" needs an <error code="…"/>`);
  }
  const request = child(root, "request");
  const rawOutput = child(root, "rawOutput");
  const artifacts = child(root, "artifacts");
  const timings = child(root, "timings");
  return {
    service: required(root, "service"),
    status,
    messageId: request === undefined ? "" : required(request, "messageId"),
    ...optional("reference", request && attribute(request, "reference")),
    ...optional("error", error && readError(error)),
    ...optional("rawOutput", rawOutput && readRawOutput(rawOutput, report)),
    artifacts:
      artifacts === undefined ? [] : children(artifacts).map((element) => readArtifact(element, report)),
    ...optional("timings", timings && readTimings(timings)),
    message: child(root, "message")?.content ?? "",
  };
}

function readError(element: XmlElement): NonNullable<JobResponse["error"]> {
  const line = attribute(element, "line");
  return {
    code: required(element, "code"),
    ...optional("line", line === undefined ? undefined : Number(line)),
  };
}

/** Whole groups of four, padded (RFC 4648, section 4): the one form every decoder reads alike. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readRawOutput(element: XmlElement, report: Report): NonNullable<JobResponse["rawOutput"]> {
  const encoding = attribute(element, "encoding") === "base64" ? "base64" : "none";
  const content = element.content;
  if (encoding === "base64" && !BASE64.test(content)) {
    report(element, "the text of <rawOutput> must be base64 without blanks, as its encoding says");
  }
  const truncated = attribute(element, "truncated") === "true";
  return { encoding, content, ...optional("truncated", truncated ? true : undefined) };
}

function readArtifact(element: XmlElement, report: Report): Artifact {
  const name = required(element, "name");
  // Clients write files of this name: it must stay below the folder they choose.
  if (name.split("/").some((part) => part === "" || part === "." || part === "..")) {
    report(
      element,
      'attribute "name" of <artifact> must be a relative path without empty, "." or ".." parts',
    );
  }
  return {
    name,
    href: required(element, "href"),
    bytes: Number(required(element, "bytes")),
    sha256: required(element, "sha256"),
    type: required(element, "type"),
  };
}

function readTimings(element: XmlElement): Timings {
  return {
    queuedS: Number(required(element, "queued")),
    inputS: Number(required(element, "input")),
    runS: Number(required(element, "run")),
  };
}
