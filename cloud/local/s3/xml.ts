/** XML text of a response. A list becomes one element for each item; undefined leaves the element out. */
type XmlValue = string | number | boolean | undefined | XmlFields | readonly XmlValue[];
export interface XmlFields {
  readonly [name: string]: XmlValue;
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A whole document. Error documents carry no namespace, all others do. */
export function xmlDocument(root: string, fields: XmlFields): string {
  const opening = root === "Error" ? root : `${root} xmlns="${NAMESPACE}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${opening}>${content(fields)}</${root}>`;
}

function content(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join("");
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item: XmlValue) => element(name, item)).join("");
  const inner = typeof value === "object" ? content(value as XmlFields) : escapeXml(String(value));
  return `<${name}>${inner}</${name}>`;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters become references, as S3 writes them; a client that cannot read those asks for url encoding. */
function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"\p{Cc}]/gu, (one) => entities[one] ?? `&#x${one.charCodeAt(0).toString(16)};`);
}
