import type { ErrorCode } from "./codes.ts";
import { XmlDocument, XmlLibError } from "libxml2-wasm";
import type { XmlElement } from "libxml2-wasm";
import { PARSE_OPTIONS, schemaValidator, xpath } from "./compiled.ts";
import type { DocumentKind } from "./compiled.ts";
import { readDocumentText } from "./document-text.ts";
import { explainSchema, explainSyntax } from "./explain.ts";
import { schemaWords } from "./schema-words.ts";
import { attribute } from "./tree.ts";
import type { Report } from "./tree.ts";
import type { Problem, Refusal, Salvage, Verdict } from "./verdict.ts";

/** The revision of the contract that this code knows. */
const CONTRACT_REVISION = 1;

/** More would help nobody, and a hostile document could ask for thousands. */
const MAX_PROBLEMS = 20;

/** A legal request has at most 107 elements, a legal response 1,007; libxml2's work grows with what it reports. */
const MAX_ELEMENTS = { request: 250, response: 2_500 } as const;
const MAX_ATTRIBUTES_PER_ELEMENT = 6;

export interface DocumentReader<T> {
  kind: DocumentKind;
  /** Reads a tree that follows the schema and reports the rules the schema cannot say. */
  read: (root: XmlElement, report: Report) => T;
  /** What can still be believed of a well-formed document that is refused. */
  salvage: (doc: XmlDocument) => Salvage;
}

/** Size, encoding, NUL, XML version, DOCTYPE, well-formedness, contract revision, schema, rules: in this order. */
export function checkDocument<T>(xml: string | Uint8Array, reader: DocumentReader<T>): Verdict<T> {
  const { kind } = reader;
  const source = readDocumentText(xml);
  if ("fault" in source) return refuse([problem(`${kind}-${source.fault}`, source.line, source.message)]);
  const parsed = parse(source.text);
  if ("line" in parsed) return refuse([problem(`${kind}-not-xml`, parsed.line, parsed.message)]);
  const { doc } = parsed;
  try {
    const newer = kind === "request" ? newerContract(doc.root) : undefined;
    if (newer !== undefined) {
      return { ...refuse([newer.problem]), ...reader.salvage(doc), contract: newer.contract };
    }
    const broken = [...checkStructure(kind, doc)];
    if (broken.length === 0) broken.push(...checkSchema(kind, doc));
    if (broken.length > 0) return { ...refuse(broken), ...reader.salvage(doc) };
    const value = reader.read(doc.root, (element, message) => {
      broken.push(problem(`${kind}-invalid`, element.line, message));
    });
    return broken.length > 0 ? { ...refuse(broken), ...reader.salvage(doc) } : { ok: true, value };
  } finally {
    // A document that is not disposed of stays in WebAssembly memory for good.
    doc.dispose();
  }
}

function parse(text: string): { doc: XmlDocument } | { line: number; message: string } {
  try {
    return { doc: XmlDocument.fromString(text, { option: PARSE_OPTIONS }) };
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    // libxml2 has nothing to report on an empty text.
    const [detail] = error.details;
    return { line: detail?.line ?? 1, message: explainSyntax(detail?.message ?? "Document is empty") };
  }
}

function problem(code: ErrorCode, line: number, message: string): Problem {
  const at = Math.max(1, line);
  return { code, line: at, message: `Line ${at}: ${message}.` };
}

function refuse(problems: readonly Problem[]): Refusal {
  const [first, ...rest] = problems;
  if (first === undefined) throw new Error("A refusal needs a reason.");
  return { ok: false, problems: [first, ...rest.slice(0, MAX_PROBLEMS - 1)] };
}

function newerContract(root: XmlElement): { contract: number; problem: Problem } | undefined {
  if (root.name !== "request" || root.namespaceUri !== "") return undefined;
  const text = attribute(root, "contract") ?? "";
  const contract = Number(text);
  if (!/^[1-9][0-9]{0,8}$/.test(text) || contract <= CONTRACT_REVISION) return undefined;
  const message =
    `the document asks for revision ${contract} of the contract and this Drover knows up to ${CONTRACT_REVISION}; ` +
    "a newer one must take it";
  return { contract, problem: problem("contract-newer", root.line, message) };
}

/**
 * What the schema would let pass or would be slow to refuse: namespaces (xsi:type and xsi:schemaLocation are legal in
 * any XSD) and far too many nodes. A DTD cannot be here, since a DOCTYPE is refused before; it is checked all the same.
 */
function checkStructure(kind: DocumentKind, doc: XmlDocument): Problem[] {
  if (doc.dtd !== null) return [problem(`${kind}-doctype`, 1, "a DOCTYPE is refused; leave it out")];
  const most = MAX_ELEMENTS[kind];
  const elements = Number(doc.eval(xpath("count(//*)")));
  const attributes = Number(doc.eval(xpath("count(//@*)")));
  if (elements > most || attributes > most * MAX_ATTRIBUTES_PER_ELEMENT) {
    const message = `the document has ${elements} elements and ${attributes} attributes, far more than a ${kind} can have`;
    return [problem(`${kind}-invalid`, doc.root.line, message)];
  }
  const foreign = doc.get(xpath("//*[namespace-uri() != '' or @*[namespace-uri() != '']]"));
  if (foreign === null) return [];
  const message = `a ${kind} uses no namespaces; leave out xmlns and prefixed names`;
  return [problem(`${kind}-invalid`, foreign.line, message)];
}

function checkSchema(kind: DocumentKind, doc: XmlDocument): Problem[] {
  try {
    schemaValidator(kind).validate(doc);
    return [];
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    // libxml2 reports a broken type twice, once for the facet and once for the type; both give the same sentence.
    const problems = new Map<string, Problem>();
    for (const { line, message } of error.details) {
      const found = problem(`${kind}-invalid`, line, explainSchema(message, schemaWords(kind)));
      problems.set(found.message, found);
    }
    return [...problems.values()];
  }
}
