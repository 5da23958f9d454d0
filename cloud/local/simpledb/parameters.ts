import { AwsError } from "../aws-error.ts";

/**
 * The parameters of a query request as a tree: `Item.1.Attribute.2.Name=x` is the text `Name` of the second
 * `Attribute` of the first `Item`. Readers throw AwsError `MissingParameter` or `InvalidParameterValue`.
 */
export class Parameters {
  readonly #texts = new Map<string, string>();
  readonly #below = new Map<string, Parameters>();

  static of(pairs: readonly (readonly [name: string, value: string])[]): Parameters {
    const root = new Parameters();
    for (const [name, value] of pairs) root.#add(name.split("."), value, name);
    return root;
  }

  #add(path: readonly string[], value: string, whole: string): void {
    const [head = "", ...rest] = path;
    if (rest.length > 0) {
      const next = this.#below.get(head) ?? new Parameters();
      this.#below.set(head, next);
      next.#add(rest, value, whole);
      return;
    }
    // Which one was signed for, and which one meant?
    if (this.#texts.has(head)) {
      throw new AwsError("InvalidParameterValue", `The parameter ${whole} was specified more than once.`);
    }
    this.#texts.set(head, value);
  }

  optionalText(name: string): string | undefined {
    return this.#texts.get(name);
  }

  text(name: string): string {
    const value = this.#texts.get(name);
    if (value !== undefined) return value;
    throw new AwsError("MissingParameter", `The request must contain the parameter ${name}`);
  }

  /** `true` or `false` in any case; false when it is not there. */
  flag(name: string): boolean {
    const value = this.#texts.get(name) ?? "false";
    if (/^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
    throw invalid(value, name, `The ${name} flag should be either true or false.`);
  }

  below(name: string): Parameters | undefined {
    return this.#below.get(name);
  }

  /** The members of a list, by their numbers. */
  list(name: string): Parameters[] {
    return this.below(name)?.numbered(name) ?? [];
  }

  /** `Name.1=…`, or `Name=…` alone, as some clients send one. An empty text stands for an empty list. */
  texts(name: string): string[] {
    const alone = this.#texts.get(name);
    const list = this.#below.get(name);
    const members = list === undefined ? [] : inOrder(name, list.#texts);
    return alone === undefined || alone === "" ? members : [alone, ...members];
  }

  /** Whether members are numbered below. */
  isNumbered(): boolean {
    return [...this.#below.keys()].some((key) => /^\d+$/.test(key));
  }

  /** What is numbered below; `name` is for the error. */
  numbered(name: string): Parameters[] {
    return inOrder(name, this.#below);
  }
}

function inOrder<T>(name: string, members: ReadonlyMap<string, T>): T[] {
  for (const key of members.keys()) {
    if (!/^\d{1,9}$/.test(key)) throw invalid(key, name, "Members of a list are numbered.");
  }
  return [...members].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, member]) => member);
}

/** AWS's sentence about a parameter's value. */
export function invalid(value: string, parameter: string, reason: string): AwsError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
  return new AwsError(
    "InvalidParameterValue",
    `Value (${shown}) for parameter ${parameter} is invalid. ${reason}`,
  );
}
