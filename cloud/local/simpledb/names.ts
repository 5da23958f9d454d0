import type { Limits } from "./limits.ts";
import { invalid } from "./parameters.ts";

/** Throws AwsError `InvalidParameterValue` when a text is longer than SimpleDB keeps. */
export function checkLength(text: string, parameter: string, limits: Limits): string {
  if (Buffer.byteLength(text) <= limits.textBytes) return text;
  throw invalid(text, parameter, `Value exceeds maximum length of ${limits.textBytes}.`);
}

export function itemName(name: string, limits: Limits): string {
  if (name === "") throw invalid(name, "ItemName", "The empty string is an illegal item name.");
  return checkLength(name, "ItemName", limits);
}

export function attributeName(name: string, limits: Limits): string {
  if (name === "") throw invalid(name, "Name", "The empty string is an illegal attribute name.");
  return checkLength(name, "Name", limits);
}
