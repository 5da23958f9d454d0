import type { SchemaWords } from "./schema-words.ts";

/*
 * Sentences for libxml2's messages. Only names of elements and attributes and our own words get into them, never a
 * value: a value may be a password, and libxml2 quotes it.
 */

/** A name can be as long as the document. */
const MAX_NAME_CHARS = 64;

/** Why the text is not well-formed XML. */
export function explainSyntax(message: string): string {
  const found = SYNTAX.find(([pattern]) => pattern.test(message));
  return found?.[1] ?? "the document is not well-formed XML";
}

const SYNTAX: readonly (readonly [RegExp, string])[] = [
  [/Excessive depth/, "elements are nested more than 256 deep"],
  [/tag mismatch/, "an end tag does not match its start tag"],
  [/Premature end of data|EndTag: '<\/' not found/, "the document ends before all its elements are closed"],
  [/Extra content at the end/, "something follows the end of the document element"],
  [/Attribute \S+ redefined/, "an attribute stands twice in one tag"],
  [/Entity '[^']*' not defined/, "an entity is used that XML does not define; write the character itself"],
  [/Namespace prefix/, "a namespace prefix is used without being declared"],
  [/Unescaped '<' not allowed/, 'a "<" stands in an attribute value; write &lt;'],
  [/AttValue: " or ' expected|mandates? value/, "an attribute has no quoted value"],
  [/attributes construct error/, "the attributes of a tag are malformed"],
  [/xmlParseEntityRef|EntityRef: expecting/, 'a "&" starts no entity; write &amp;'],
  [
    /invalid xmlChar|PCDATA invalid Char|[Ii]nvalid character/,
    "it holds a character that XML cannot carry; encode such a value as base64",
  ],
  [/Start tag expected|Document is empty/, 'the document does not start with an element; expected "<"'],
  [/declaration (?:allowed only|not) at/, "the XML declaration is not at the very start"],
  [/CData section not finished/, 'a CDATA section has no "]]>"'],
];

/** Why the document does not follow the schema. */
export function explainSchema(message: string, words: SchemaWords): string {
  const place = /^Element '([^']*)'(?:, attribute '([^']*)')?: /.exec(message);
  if (place === null) return "the document does not follow the schema";
  const element = clip(place[1]);
  const rest = message.slice(place[0].length);
  if (place[2] !== undefined) return explainAttribute(element, clip(place[2]), rest, words);
  return explainElement(element, rest, words);
}

function explainAttribute(element: string, attribute: string, rest: string, words: SchemaWords): string {
  if (rest.startsWith("The attribute")) {
    const own = words.attributes.get(element) ?? [];
    const takes = own.length === 0 ? "takes no attributes" : `takes ${own.join(", ")}`;
    return `<${element}> has no attribute "${attribute}"; it ${takes}`;
  }
  const allowed = words.allowed.get(`${element}@${attribute}`) ?? "a value the schema allows";
  return `attribute "${attribute}" of <${element}> must be ${allowed}`;
}

function explainElement(element: string, rest: string, words: SchemaWords): string {
  const lacking = /^The attribute '([^']*)' is required but missing/.exec(rest);
  if (lacking !== null) {
    const attribute = clip(lacking[1]);
    return `<${element}> lacks the attribute "${attribute}": ${words.allowed.get(`${element}@${attribute}`) ?? "required"}`;
  }
  const expected = /Expected is (?:one of )?\( ([^)]*) \)/.exec(rest)?.[1]?.split(", ");
  const names = expected?.map((name) => `<${name}>`).join(" or ");
  if (rest.startsWith("This element is not expected")) {
    return `<${element}> is not allowed here; expected ${names ?? "nothing more"}`;
  }
  // In a sequence the list of what may come ends with the first element that must come.
  if (rest.startsWith("Missing child element")) return `<${element}> lacks <${expected?.at(-1) ?? "…"}>`;
  if (rest.startsWith("No matching global declaration")) {
    return `the document element must be <${words.root}>, not <${element}>`;
  }
  if (rest.startsWith("Duplicate key-sequence")) return `two <${element}> elements have the same name`;
  if (rest.startsWith("Character content")) return `<${element}> must not contain text`;
  if (rest.startsWith("Element content is not allowed")) return `<${element}> must not contain elements`;
  return `the text of <${element}> must be ${words.allowed.get(element) ?? "what the schema allows"}`;
}

function clip(name: string | undefined): string {
  return (name ?? "").slice(0, MAX_NAME_CHARS);
}
