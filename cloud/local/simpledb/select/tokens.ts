import { AwsError } from "../../aws-error.ts";

export type Token =
  | { kind: "word"; text: string }
  | { kind: "name"; text: string }
  | { kind: "text"; text: string }
  | { kind: "number"; text: string }
  | { kind: "sign"; text: string }
  | { kind: "end"; text: "" };

/** Throws AwsError `InvalidQueryExpression`. */
export function syntaxError(): AwsError {
  return new AwsError("InvalidQueryExpression", "The specified query expression syntax is not valid.");
}

/** Quotes are doubled inside (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/QuotingRulesSelect.html). */
const TOKEN =
  /\s*(?:(?<word>[A-Za-z_$][\w$]*)|(?<name>`(?:[^`]|``)*`)|(?<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<number>\d+)|(?<sign>!=|<=|>=|[=<>(),*]))/y;

/** A select expression in pieces: words are keywords or plain names, names were in backticks, texts are constants. */
export function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  const end = expression.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const groups = TOKEN.exec(expression)?.groups;
    if (groups === undefined) throw syntaxError();
    tokens.push(tokenOf(groups));
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

function tokenOf({ word, name, text, number, sign }: Record<string, string | undefined>): Token {
  if (word !== undefined) return { kind: "word", text: word };
  if (name !== undefined) return { kind: "name", text: unquoted(name) };
  if (text !== undefined) return { kind: "text", text: unquoted(text) };
  if (number !== undefined) return { kind: "number", text: number };
  return { kind: "sign", text: sign ?? "" };
}

function unquoted(quoted: string): string {
  const quote = quoted.charAt(0);
  return quoted.slice(1, -1).replaceAll(quote + quote, quote);
}
