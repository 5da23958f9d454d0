import { ParseOption, XmlDocument, XmlElement, XmlXPath, XsdValidator } from "libxml2-wasm";
import { readSchemaFile } from "./schema-file.ts";

export type DocumentKind = "request" | "response";

/** What the schema allows, in words, so that a message can say it. */
export interface SchemaWords {
  /** By `element` or `element@attribute`: completes "it must be …". */
  allowed: ReadonlyMap<string, string>;
  /** By element: its attributes, required ones first. */
  attributes: ReadonlyMap<string, readonly string[]>;
}

export interface Compiled {
  validator: XsdValidator;
  words: SchemaWords;
}

/**
 * NO_XXE and NONET: nothing is ever loaded. IGNORE_ENC: the text is UTF-8 already, whatever its declaration says.
 * BIG_LINES: line numbers above 65,535 are right.
 */
export const PARSE_OPTIONS: ParseOption =
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_IGNORE_ENC |
  ParseOption.XML_PARSE_BIG_LINES;

const XS = { xs: "http://www.w3.org/2001/XMLSchema" };
const compiled = new Map<DocumentKind, Compiled>();

/** The compiled schema of a kind: built at first use and kept for the life of the process. */
export function compiledSchema(kind: DocumentKind): Compiled {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  const schema = XmlDocument.fromString(readSchemaFile(`${kind}.xsd`), { option: PARSE_OPTIONS });
  try {
    const fresh = { validator: XsdValidator.fromDoc(schema), words: readWords(schema) };
    compiled.set(kind, fresh);
    return fresh;
  } finally {
    schema.dispose();
  }
}

const xpaths = new Map<string, XmlXPath>();

/** A compiled XPath expression, kept for the life of the process; `source` must be a constant of ours. */
export function xpath(source: string): XmlXPath {
  const known = xpaths.get(source) ?? XmlXPath.compile(source);
  xpaths.set(source, known);
  return known;
}

function readWords(schema: XmlDocument): SchemaWords {
  const allowed = new Map<string, string>();
  const attributes = new Map<string, string[]>();
  for (const element of elements(schema, "//xs:element[@name]")) {
    const name = value(element, "name");
    const type = value(element, "type");
    const own = elements(schema, `//xs:complexType[@name='${type}']//xs:attribute`);
    const [text] = elements(schema, `//xs:complexType[@name='${type}']//xs:extension`);
    const required = own.filter((attribute) => value(attribute, "use") === "required");
    attributes.set(
      name,
      [...new Set([...required, ...own])].map((attribute) => value(attribute, "name")),
    );
    for (const attribute of own) {
      allowed.set(`${name}@${value(attribute, "name")}`, documentation(schema, value(attribute, "type")));
    }
    const textType = text === undefined ? type : value(text, "base");
    if (isSimple(schema, textType)) allowed.set(name, documentation(schema, textType));
  }
  return { allowed, attributes };
}

function elements(schema: XmlDocument, path: string): XmlElement[] {
  return schema.find(path, XS).filter((node) => node instanceof XmlElement);
}

function value(element: XmlElement, name: string): string {
  return element.attr(name)?.value ?? "";
}

function isSimple(schema: XmlDocument, type: string): boolean {
  return schema.get(`//xs:simpleType[@name='${type}']`, XS) !== null;
}

function documentation(schema: XmlDocument, type: string): string {
  const found = schema.get(`//xs:simpleType[@name='${type}']/xs:annotation/xs:documentation`, XS);
  if (found === null) throw new Error(`The type ${type} of the schema has no documentation.`);
  return found.content.replaceAll(/\s+/g, " ").trim();
}
