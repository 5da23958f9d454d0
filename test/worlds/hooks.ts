import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const VALIDATE = new URL("../../schemas/validate.ts", import.meta.url).href;
const MEMOISED = new URL("./memoised-validate.ts", import.meta.url).href;

/**
 * What is imported from now on is the product's own code, with two differences: documents are judged once each, and a
 * planted bug, if one is named, stands in its file's text. The working tree is never touched.
 */
export function prepareImports(mutants: readonly Mutant[]): void {
  const mutated = new Map(mutants.map((it) => [new URL(`../../${it.file}`, import.meta.url).href, it]));
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      if (resolved.url !== VALIDATE || context.parentURL === MEMOISED) return resolved;
      return { ...resolved, url: MEMOISED };
    },
    load: (url, context, next) => {
      const mutant = mutated.get(url);
      if (mutant === undefined) return next(url, context);
      const text = readFileSync(fileURLToPath(url), "utf8");
      return { format: "module-typescript", source: mutate(text, mutant), shortCircuit: true };
    },
  });
}

/** The text with the bug in it. Throws when the place to put it is not there, or not just once. */
export function mutate(text: string, { id, find, replace }: Mutant): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`The mutant ${id} does not apply: its text must stand in its file exactly once.`);
  }
  return before + replace + after;
}
