/** Whether a character (one code point) is meant. */
export type CharTest = (char: string) => boolean;

export type Tree =
  | { kind: "char"; test: CharTest }
  | { kind: "sequence"; parts: Tree[] }
  | { kind: "choice"; parts: Tree[] }
  | { kind: "repeat"; part: Tree; min: number; max: number };

const MAX_REPEAT = 1_000;
const SPECIAL = new Set(".\\[](){}|*+?^$/-");
const CLASSES: Readonly<Record<string, CharTest>> = {
  d: (char) => /^[0-9]$/.test(char),
  w: (char) => /^[A-Za-z0-9_]$/.test(char),
  s: (char) => /^[ \t\n\r]$/.test(char),
};

/** The tree of a pattern in the language that pattern.ts describes. @throws SyntaxError */
export function parsePattern(source: string): Tree {
  const parser = new Parser(source);
  const tree = parser.choice();
  parser.end();
  return tree;
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#chars = Array.from(source);
  }

  choice(): Tree {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind: "choice", parts };
  }

  end(): void {
    if (this.#at < this.#chars.length) throw this.#error(`"${this.#chars[this.#at]}" has no partner`);
  }

  #sequence(): Tree {
    const parts: Tree[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      parts.push(this.#repeated());
    }
    return { kind: "sequence", parts };
  }

  #repeated(): Tree {
    const part = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    if (/^[*+?{]$/.test(this.#peek() ?? "")) throw this.#error("one repetition follows another");
    return { kind: "repeat", part, ...bounds };
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Infinity };
    if (this.#take("+")) return { min: 1, max: Infinity };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (!this.#take("{")) return undefined;
    const min = this.#count();
    let max = min;
    if (this.#take(",")) max = this.#peek() === "}" ? Infinity : this.#count();
    this.#expect("}");
    if (max < min) throw this.#error("a repetition ends below its start");
    return { min, max };
  }

  #count(): number {
    let digits = "";
    while (/^[0-9]$/.test(this.#peek() ?? "")) digits += this.#next();
    if (digits === "" || Number(digits) > MAX_REPEAT) {
      throw this.#error(`a repetition needs a number from 0 to ${MAX_REPEAT}`);
    }
    return Number(digits);
  }

  #atom(): Tree {
    const char = this.#next();
    if (char === "(") {
      if (this.#peek() === "?") throw this.#error('groups that start with "(?" are not known');
      const group = this.choice();
      this.#expect(")");
      return group;
    }
    if (char === "[") return { kind: "char", test: this.#class() };
    if (char === "\\") return { kind: "char", test: this.#escaped() };
    if (char === ".") return { kind: "char", test: (one) => one !== "\n" };
    if ("*+?{".includes(char)) throw this.#error(`"${char}" has nothing to repeat`);
    if (char === "^" || char === "$") {
      throw this.#error(`"${char}" is not needed: a pattern always covers the whole value`);
    }
    return { kind: "char", test: (one) => one === char };
  }

  #escaped(): CharTest {
    const char = this.#next();
    if (SPECIAL.has(char)) return (one) => one === char;
    const known = CLASSES[char];
    if (known === undefined) throw this.#error(`"\\${char}" is not known`);
    return known;
  }

  #class(): CharTest {
    const negated = this.#take("^");
    const tests: CharTest[] = [];
    while (!this.#take("]")) tests.push(this.#classItem());
    if (tests.length === 0) throw this.#error("a class is empty");
    return (one) => tests.some((test) => test(one)) !== negated;
  }

  #classItem(): CharTest {
    const char = this.#next();
    if (char === "\\") return this.#escaped();
    if (this.#peek() !== "-" || this.#chars[this.#at + 1] === "]") return (one) => one === char;
    this.#next();
    const last = this.#next();
    if (last === "\\" || last < char) throw this.#error(`the range "${char}-${last}" is not one`);
    return (one) => one >= char && one <= last;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #next(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw this.#error("it ends too early");
    this.#at += 1;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#take(char)) throw this.#error(`"${char}" is missing`);
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} (character ${this.#at + 1})`);
  }
}
