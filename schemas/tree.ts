import { XmlElement } from "libxml2-wasm";
import { xpath } from "./compiled.ts";

/** Takes note of a rule that the document breaks at an element. */
export type Report = (element: XmlElement, message: string) => void;

export function attribute(element: XmlElement, name: string): string | undefined {
  return element.attr(name)?.value;
}

/** An attribute that the schema has already demanded. */
export function required(element: XmlElement, name: string): string {
  const value = attribute(element, name);
  if (value === undefined) throw new Error(`The schema let <${element.name}> pass without "${name}".`);
  return value;
}

/** By XPath and not by walking siblings: the library's walk breaks at a processing instruction. */
export function children(element: XmlElement): XmlElement[] {
  return element.find(xpath("*")).filter((node) => node instanceof XmlElement);
}

export function child(element: XmlElement, name: string): XmlElement | undefined {
  return children(element).find((candidate) => candidate.name === name);
}

/** `{[key]: value}`, or nothing when the value is undefined: an absent attribute is an absent property. */
export function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  const entry: Partial<Record<K, V>> = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}
