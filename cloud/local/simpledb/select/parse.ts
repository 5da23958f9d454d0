import type { Expression, Order, Select, Subject, Test } from "./expression.ts";
import { syntaxError, tokensOf, type Token } from "./tokens.ts";

/** These must be in backticks to be names. */
const RESERVED = new Set(
  "or and not from where select like null is order by asc desc in between intersection limit every".split(
    " ",
  ),
);
const COMPARISONS = new Set(["=", "!=", "<", "<=", ">", ">="]);

/**
 * Reads a select expression
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/UsingSelect.html). `not` binds tightest, then
 * `and`, `or` and `intersection`, which joins whole predicates. Throws AwsError `InvalidQueryExpression`.
 */
export function parseSelect(expression: string): Select {
  return new Parser(tokensOf(expression)).select();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  select(): Select {
    this.#need("select");
    const output = this.#output();
    this.#need("from");
    const domain = this.#name();
    const where = this.#take("where") ? this.#intersection() : undefined;
    const order = this.#take("order") ? this.#order() : undefined;
    const limit = this.#take("limit") ? Number(this.#kind("number")) : undefined;
    this.#kind("end");
    return { output, domain, where, order, limit };
  }

  #output(): Select["output"] {
    if (this.#take("*")) return "all";
    if (this.#call("itemName")) return "item";
    if (this.#isCall("count")) {
      this.#at += 2;
      this.#need("*");
      this.#need(")");
      return "count";
    }
    const names = [this.#name()];
    while (this.#take(",")) names.push(this.#name());
    return names;
  }

  #order(): Order {
    this.#need("by");
    const attribute = this.#call("itemName") ? undefined : this.#name();
    const descending = this.#take("desc");
    if (!descending) this.#take("asc");
    return { attribute, descending };
  }

  #intersection(): Expression {
    return this.#chain("intersection", () =>
      this.#chain("or", () => this.#chain("and", () => this.#unary())),
    );
  }

  #chain(kind: "and" | "or" | "intersection", next: () => Expression): Expression {
    const first = next();
    const parts = [first];
    while (this.#take(kind)) parts.push(next());
    return parts.length === 1 ? first : { kind, parts };
  }

  #unary(): Expression {
    if (this.#take("not")) return { kind: "not", part: this.#unary() };
    if (!this.#take("(")) return this.#comparison();
    const inner = this.#intersection();
    this.#need(")");
    return inner;
  }

  #comparison(): Expression {
    const subject = this.#subject();
    return { kind: "comparison", subject, test: this.#test() };
  }

  #subject(): Subject {
    if (this.#call("itemName")) return { kind: "item" };
    if (!this.#isCall("every")) return { kind: "attribute", name: this.#name(), every: false };
    this.#at += 2;
    const name = this.#name();
    this.#need(")");
    return { kind: "attribute", name, every: true };
  }

  #test(): Test {
    const token = this.#next();
    if (token.kind === "sign" && COMPARISONS.has(token.text)) {
      return { op: token.text as "=", value: this.#kind("text") };
    }
    if (token.kind !== "word") throw syntaxError();
    switch (token.text.toLowerCase()) {
      case "like":
        return { op: "like", value: this.#kind("text") };
      case "not":
        this.#need("like");
        return { op: "not like", value: this.#kind("text") };
      case "between": {
        const low = this.#kind("text");
        this.#need("and");
        return { op: "between", low, high: this.#kind("text") };
      }
      case "in":
        return { op: "in", values: this.#constants() };
      case "is": {
        const negated = this.#take("not");
        this.#need("null");
        return { op: negated ? "is not null" : "is null" };
      }
      default:
        throw syntaxError();
    }
  }

  #constants(): string[] {
    this.#need("(");
    const values = [this.#kind("text")];
    while (this.#take(",")) values.push(this.#kind("text"));
    this.#need(")");
    return values;
  }

  #name(): string {
    const token = this.#next();
    if (token.kind === "name") return token.text;
    if (token.kind === "word" && !RESERVED.has(token.text.toLowerCase())) return token.text;
    throw syntaxError();
  }

  /** `name(` `)`, without arguments; a plain attribute may have the same name. */
  #call(name: string): boolean {
    if (!this.#isCall(name)) return false;
    this.#at += 2;
    this.#need(")");
    return true;
  }

  #isCall(name: string): boolean {
    const [word, sign] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (word?.kind !== "word" || word.text.toLowerCase() !== name.toLowerCase()) return false;
    return sign?.kind === "sign" && sign.text === "(";
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word" && token?.kind !== "sign") return false;
    if (token.text.toLowerCase() !== text) return false;
    this.#at++;
    return true;
  }

  #need(text: string): void {
    if (!this.#take(text)) throw syntaxError();
  }

  #kind(kind: Token["kind"]): string {
    const token = this.#next();
    if (token.kind !== kind) throw syntaxError();
    return token.text;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw syntaxError();
    return token;
  }
}
