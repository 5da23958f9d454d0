import { parsePattern } from "./pattern-syntax.ts";
import type { CharTest, Tree } from "./pattern-syntax.ts";

/**
 * Patterns of parameters: a small regular-expression language matched by following all possibilities at once, so that
 * the work is at most (length of text) × (size of pattern), whatever the pattern and the text (Thompson's method).
 * A backtracking engine could be made to run for hours by a client's value.
 *
 *   literals   \ before a special character makes it one; . is any character but a line feed
 *   classes    [a-z0-9_] [^/] \d \w \s
 *   groups     ( ) | * + ? {n} {n,m} with m ≤ 1,000
 *
 * No anchors (a pattern always covers the whole text), no back-references, no look-around.
 */
export interface Pattern {
  matches(text: string): boolean;
}

/** States after expanding {n,m}: matching 4,096 characters then takes well below a second. */
const MAX_STATES = 2_000;

/** @throws SyntaxError with what the pattern language does not know, and where. */
export function compilePattern(source: string): Pattern {
  const program = new Program();
  const accept = program.add({ kind: "accept" });
  const start = program.compile(parsePattern(source), accept);
  return { matches: (text) => program.run(start, text) };
}

type State =
  | { kind: "accept" }
  | { kind: "char"; test: CharTest; next: number }
  | { kind: "split"; next: number[] };

class Program {
  readonly #states: State[] = [];

  add(state: State): number {
    if (this.#states.length >= MAX_STATES)
      throw new SyntaxError("the pattern is too large when its repetitions are written out");
    return this.#states.push(state) - 1;
  }

  /** Adds the states of a tree that go on at `next`; returns where they begin. */
  compile(tree: Tree, next: number): number {
    switch (tree.kind) {
      case "char":
        return this.add({ kind: "char", test: tree.test, next });
      case "sequence":
        return tree.parts.reduceRight((after, part) => this.compile(part, after), next);
      case "choice":
        return this.add({ kind: "split", next: tree.parts.map((part) => this.compile(part, next)) });
      case "repeat":
        return this.#repeat(tree.part, tree.min, tree.max, next);
    }
  }

  #repeat(part: Tree, min: number, max: number, next: number): number {
    let entry = next;
    if (max === Infinity) {
      const loop = { kind: "split" as const, next: [next] };
      entry = this.add(loop);
      loop.next.unshift(this.compile(part, entry));
    } else {
      for (let left = max - min; left > 0; left -= 1) {
        entry = this.add({ kind: "split", next: [this.compile(part, entry), next] });
      }
    }
    for (let left = min; left > 0; left -= 1) entry = this.compile(part, entry);
    return entry;
  }

  run(start: number, text: string): boolean {
    let current = this.#reach([start]);
    for (const char of text) {
      const next: number[] = [];
      for (const index of current) {
        const state = this.#states[index];
        if (state?.kind === "char" && state.test(char)) next.push(state.next);
      }
      current = this.#reach(next);
      if (current.size === 0) return false;
    }
    return [...current].some((index) => this.#states[index]?.kind === "accept");
  }

  #reach(from: readonly number[]): Set<number> {
    const seen = new Set<number>();
    const pending = [...from];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (seen.has(index)) continue;
      seen.add(index);
      const state = this.#states[index];
      if (state?.kind === "split") pending.push(...state.next);
    }
    return seen;
  }
}
