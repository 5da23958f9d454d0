import { XMLBuilder } from "fast-xml-parser";
import { DroverError } from "../base/errors.ts";
import { carryRawText } from "./raw-output.ts";
import type { Credentials, JobInput, JobOutput, JobRequest, WebhookSecret } from "./request.ts";
import type { Artifact, JobResponse } from "./response.ts";
import { validate } from "./validate.ts";
import { escapeAttribute, escapeText, toXmlText } from "./xml-text.ts";

/** The schema's limit; a message is for people, who read no more. */
const MAX_MESSAGE_CHARS = 4_096;

const builder = new XMLBuilder({
  attributeNamePrefix: "@",
  attributeValueProcessor: (_name: string, value: unknown) => escapeAttribute(String(value)),
  format: true,
  ignoreAttributes: false,
  // Its own escaping knows neither line feeds in attributes nor carriage returns.
  processEntities: false,
  suppressBooleanAttributes: false,
  suppressEmptyNode: true,
  tagValueProcessor: (_name: string, value: unknown) => escapeText(String(value)),
});

/**
 * The request document of a request.
 * @throws DroverError `request-invalid` or `request-too-large` when the value breaks the contract: what is
 * returned always passes validate(), so Drover sends nothing that it would refuse itself.
 */
export function buildRequest(request: JobRequest): string {
  const { service, contract, reference, deadlineS, input, parameters, output } = request;
  const xml = build({
    request: {
      ...attributes({ service, contract, reference, deadline: deadlineS }),
      ...(input === undefined ? {} : { input: inputNode(input) }),
      ...(parameters.length === 0
        ? {}
        : { parameters: { parameter: parameters.map(({ name, value }) => attributes({ name, value })) } }),
      output: outputNode(output),
    },
  });
  const verdict = validate("request", xml);
  if (!verdict.ok) throw refused("request", verdict.problems);
  return xml;
}

/**
 * The response document of a response. Its message is cut to 4,096 characters, and what XML cannot carry in it becomes
 * U+FFFD: a message often quotes a program, and must never be what makes a response impossible.
 * @throws DroverError `response-invalid` or `response-too-large` when anything else breaks the contract.
 */
export function buildResponse(response: JobResponse): string {
  const { service, status, messageId, reference, rawOutput, artifacts, error, timings, message } = response;
  const layout = build({
    response: {
      ...attributes({ service, status }),
      request: attributes({ messageId, reference }),
      ...(rawOutput === undefined ? {} : { rawOutput: rawOutputNode(rawOutput) }),
      ...(artifacts.length === 0 ? {} : { artifacts: { artifact: artifacts.map(artifactNode) } }),
      ...(error === undefined ? {} : { error: attributes({ code: error.code, line: error.line }) }),
      ...(timings === undefined ? {} : { timings: timingsNode(timings) }),
      message: { "#text": clip(toXmlText(message)) },
    },
  });
  const xml = rawOutput === undefined ? layout : fillRawOutput(layout, rawOutput);
  const verdict = validate("response", xml);
  if (!verdict.ok) throw refused("response", verdict.problems);
  return xml;
}

type Node = Record<string, unknown>;
type RawOutput = NonNullable<JobResponse["rawOutput"]>;

function build(root: Node): string {
  return builder.build({ "?xml": attributes({ version: "1.0", encoding: "UTF-8" }), ...root });
}

function attributes(values: Record<string, string | number | boolean | undefined>): Node {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [`@${name}`, value]));
}

function inputNode(input: JobInput): Node {
  const { type, href, sha256 } = input;
  const credentials = input.type === "http" ? input.credentials : undefined;
  return { ...attributes({ type, href, sha256 }), ...credentialsNode(credentials) };
}

function outputNode(output: JobOutput): Node {
  if (output.type === "store") return attributes({ type: "store" });
  const node = attributes({ type: output.type, href: output.href });
  if (output.type === "queue") return node;
  return { ...node, ...credentialsNode(output.credentials), ...signatureNode(output.signature) };
}

function credentialsNode(credentials: Credentials | undefined): Node {
  return credentials === undefined ? {} : { credentials: attributes({ ...credentials }) };
}

function signatureNode(signature: WebhookSecret | undefined): Node {
  return signature === undefined ? {} : { signature: attributes({ ...signature }) };
}

/** Stands for the output while the document is laid out, because indentation must not get into the output itself. */
const HOLE = "rawOutput";

function rawOutputNode({ encoding, truncated }: RawOutput): Node {
  const coded = encoding === "none" ? undefined : encoding;
  const cut = truncated === true ? true : undefined;
  return { ...attributes({ encoding: coded, truncated: cut }), "#text": HOLE };
}

/** The hole is found safely: every other ">" and "<" of values is escaped. */
function fillRawOutput(xml: string, { encoding, content }: RawOutput): string {
  const carried = encoding === "none" ? carryRawText(content) : escapeText(content);
  return xml.replace(`>${HOLE}</rawOutput>`, () => `>${carried}</rawOutput>`);
}

function artifactNode({ name, href, bytes, sha256, type }: Artifact): Node {
  return attributes({ name, href, bytes, sha256, type });
}

function timingsNode({ queuedS, inputS, runS }: NonNullable<JobResponse["timings"]>): Node {
  return attributes({ queued: queuedS.toFixed(3), input: inputS.toFixed(3), run: runS.toFixed(3) });
}

function clip(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  return `${message.slice(0, MAX_MESSAGE_CHARS - 1).toWellFormed()}…`;
}

function refused(kind: string, problems: readonly { code: string; message: string }[]): DroverError {
  const [first] = problems;
  const reasons = problems.map(({ message }) => message).join(" ");
  return new DroverError(
    first?.code ?? `${kind}-invalid`,
    `The ${kind} cannot be written as a document that follows the contract. ${reasons}`,
  );
}
