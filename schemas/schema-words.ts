import { XmlDocument, XmlElement } from "libxml2-wasm";
import { PARSE_OPTIONS, xpath } from "./compiled.ts";
import type { DocumentKind } from "./compiled.ts";
import { readSchemaFile } from "./schema-file.ts";
import { required } from "./tree.ts";

/** What a schema allows, in its own words, so that a message can say it. */
export interface SchemaWords {
  /** The document element. */
  root: DocumentKind;
  /** By `element`, for its text, or `element@attribute`: completes "it must be …". */
  allowed: ReadonlyMap<string, string>;
  /** By element: the names of its attributes. */
  attributes: ReadonlyMap<string, readonly string[]>;
}

const known = new Map<DocumentKind, SchemaWords>();

/** Read from the schema's documentation when the first document is refused, since only messages need it. */
export function schemaWords(kind: DocumentKind): SchemaWords {
  const words = known.get(kind) ?? readWords(kind);
  known.set(kind, words);
  return words;
}

function readWords(kind: DocumentKind): SchemaWords {
  const schema = XmlDocument.fromString(readSchemaFile(`${kind}.xsd`), { option: PARSE_OPTIONS });
  try {
    const simple = byName(schema.root, "//*[local-name() = 'simpleType']");
    const complex = byName(schema.root, "//*[local-name() = 'complexType']");
    const allowed = new Map<string, string>();
    const attributes = new Map<string, string[]>();
    const allow = (place: string, type: string | undefined) => {
      const doc = simple.get(type ?? "")?.get(xpath("*/*[local-name() = 'documentation']"));
      if (doc) allowed.set(place, doc.content.replaceAll(/\s+/g, " ").trim());
    };
    for (const [name, element] of byName(schema.root, "//*[local-name() = 'element']")) {
      const type = required(element, "type");
      const definition = complex.get(type);
      const [text] = definition ? find(definition, ".//*[local-name() = 'extension']") : [];
      const own = definition ? find(definition, ".//*[local-name() = 'attribute']") : [];
      for (const attribute of own)
        allow(`${name}@${required(attribute, "name")}`, required(attribute, "type"));
      allow(name, text ? required(text, "base") : type);
      attributes.set(
        name,
        own.map((attribute) => required(attribute, "name")),
      );
    }
    return { root: kind, allowed, attributes };
  } finally {
    schema.dispose();
  }
}

function byName(root: XmlElement, path: string): Map<string, XmlElement> {
  return new Map(find(root, path).map((element) => [required(element, "name"), element]));
}

function find(root: XmlElement, path: string): XmlElement[] {
  return root.find(xpath(path)).filter((node) => node instanceof XmlElement);
}
