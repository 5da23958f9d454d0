import { ParseOption, XmlDocument, XmlXPath, XsdValidator } from "libxml2-wasm";
import { readSchemaFile } from "./schema-file.ts";

export type DocumentKind = "request" | "response";

/**
 * NO_XXE and NONET: nothing is ever loaded. IGNORE_ENC: the text is UTF-8 already, whatever its declaration says.
 * BIG_LINES: line numbers above 65,535 are right.
 */
export const PARSE_OPTIONS: ParseOption =
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_IGNORE_ENC |
  ParseOption.XML_PARSE_BIG_LINES;

const validators = new Map<DocumentKind, XsdValidator>();

/** The compiled schema of a kind: built at first use and kept for the life of the process. */
export function schemaValidator(kind: DocumentKind): XsdValidator {
  const known = validators.get(kind);
  if (known !== undefined) return known;
  const schema = XmlDocument.fromString(readSchemaFile(`${kind}.xsd`), { option: PARSE_OPTIONS });
  try {
    const validator = XsdValidator.fromDoc(schema);
    validators.set(kind, validator);
    return validator;
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
