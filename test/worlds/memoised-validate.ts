import { validate as validateForReal } from "../../schemas/validate.ts";

export * from "../../schemas/validate.ts";

const MOST = 20_000;
const verdicts = { request: new Map<string, unknown>(), response: new Map<string, unknown>() };

/**
 * The verdict on a document depends on its text alone, and a million worlds see the same few documents: this stands in for
 * schemas/validate.ts while worlds are played. Every text is still judged by the real one, once.
 */
export function validate(kind: "request" | "response", xml: string | Uint8Array): unknown {
  const text = typeof xml === "string" ? xml : Buffer.from(xml).toString("latin1");
  const known = verdicts[kind].get(text);
  if (known !== undefined) return known;
  if (verdicts[kind].size === MOST) verdicts[kind].clear();
  const verdict = kind === "request" ? validateForReal("request", xml) : validateForReal("response", xml);
  verdicts[kind].set(text, verdict);
  return verdict;
}
