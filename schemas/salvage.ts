import { XmlElement } from "libxml2-wasm";
import type { XmlDocument } from "libxml2-wasm";
import { checkDocument } from "./check-document.ts";
import { xpath } from "./compiled.ts";
import { readRequest } from "./read-request.ts";
import type { JobRequest } from "./request.ts";
import { attribute } from "./tree.ts";
import type { Salvage } from "./verdict.ts";
import { escapeAttribute } from "./xml-text.ts";

/**
 * What an invalid but well-formed request still says. Each part is believed only when it would be valid by itself,
 * that is inside a minimal document; the output only when it is the one element of that name in the whole document,
 * so that nobody can smuggle a second address in.
 */
export function salvageRequest(doc: XmlDocument): Salvage {
  const { root } = doc;
  if (root.name !== "request" || root.namespaceUri !== "") return {};
  const found: Salvage = {};
  const service = probe(nameValue("service", attribute(root, "service")), STORE)?.service;
  if (service !== undefined) found.service = service;
  const reference = probe(SERVICE + nameValue("reference", attribute(root, "reference")), STORE)?.reference;
  if (reference !== undefined) found.reference = reference;
  const element = doc.get(xpath("/request[count(//*[local-name() = 'output']) = 1]/output"));
  const output = element instanceof XmlElement ? probe(SERVICE, element.toString())?.output : undefined;
  if (output !== undefined) found.output = output;
  return found;
}

const SERVICE = nameValue("service", "unknown");
const STORE = '<output type="store"/>';

function nameValue(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${name}="${escapeAttribute(value)}"`;
}

function probe(attributes: string, output: string): JobRequest | undefined {
  const verdict = checkDocument(`<request${attributes}>${output}</request>`, {
    kind: "request",
    read: readRequest,
    salvage: () => ({}),
  });
  return verdict.ok ? verdict.value : undefined;
}
