import { AwsError } from "../aws-error.ts";

/**
 * The fields of a request. Numbers may come as text, as they do in the query protocol.
 * Every reader throws AwsError `MissingParameter`, `InvalidParameterValue` or `SerializationException`.
 */
export class Input {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: unknown) {
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
      throw new AwsError("SerializationException", "The request must be a JSON object.");
    }
    this.#fields = fields as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  names(): string[] {
    return Object.keys(this.#fields).filter((name) => this.has(name));
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === "") {
      throw new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);
    }
    return value;
  }

  optionalText(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    if (typeof value !== "string") throw new AwsError("SerializationException", `${name} must be a string.`);
    return value;
  }

  optionalInteger(name: string, limits: { min: number; max: number }): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#fields[name];
    const number = typeof value === "string" && /^-?\d{1,12}$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number)) {
      throw new AwsError("SerializationException", `${name} must be an integer.`);
    }
    if (number < limits.min || number > limits.max) {
      throw new AwsError(
        "InvalidParameterValue",
        `Value ${number} for parameter ${name} is invalid. Reason: Must be between ${limits.min} and ${limits.max}, if provided.`,
      );
    }
    return number;
  }

  integer(name: string, limits: { min: number; max: number }): number {
    const value = this.optionalInteger(name, limits);
    if (value !== undefined) return value;
    throw new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);
  }

  object(name: string): Input | undefined {
    return this.has(name) ? new Input(this.#fields[name]) : undefined;
  }

  list(name: string): unknown[] {
    if (!this.has(name)) return [];
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw new AwsError("SerializationException", `${name} must be a list.`);
    return value;
  }

  texts(name: string): string[] {
    return this.list(name).map((value) => {
      if (typeof value === "string") return value;
      throw new AwsError("SerializationException", `${name} must be a list of strings.`);
    });
  }

  /** A map of strings; {} when it is not there. */
  textMap(name: string): Record<string, string> {
    const fields = this.object(name);
    return Object.fromEntries(fields?.names().map((key) => [key, fields.optionalText(key) ?? ""]) ?? []);
  }
}
