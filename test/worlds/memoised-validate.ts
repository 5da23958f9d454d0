import { validate as validateForReal } from "../../schemas/validate.ts";

export * from "../../schemas/validate.ts";

const MOST = 20_000;
const verdicts = new Map<string, unknown>();

/**
 * The verdict on a document depends on its text alone, and a million worlds see the same few documents: this stands in for
 * schemas/validate.ts while worlds are played. Every text is still judged by the real one, once.
 */
export function validate(kind: "request" | "response", xml: string | Uint8Array): unknown {
  const key = kind + (typeof xml === "string" ? xml : Buffer.from(xml).toString("latin1"));
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  if (verdicts.size === MOST) verdicts.clear();
  const verdict = kind === "request" ? validateForReal("request", xml) : validateForReal("response", xml);
  verdicts.set(key, verdict);
  return verdict;
}
