import { readFileSync } from "node:fs";

/** A bug that is planted to see whether it is found. */
export interface Mutant {
  id: string;
  /** Below the repository's root. */
  file: string;
  /** Stands in the file exactly once. */
  find: string;
  replace: string;
  /** What the bug is. */
  sentence: string;
  /** What finds it: random worlds, unless it takes one fault at one place, which the schedules of one fault all try. */
  by?: "schedules";
}

export function readMutants(): readonly Mutant[] {
  return JSON.parse(readFileSync(new URL("./mutants.json", import.meta.url), "utf8")) as Mutant[];
}

export function mutantNamed(id: string): Mutant {
  const found = readMutants().find((it) => it.id === id);
  if (found === undefined) throw new Error(`There is no mutant ${id} in test/worlds/mutants.json.`);
  return found;
}
