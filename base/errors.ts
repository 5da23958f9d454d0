/** An error that a person or a program can act on: a stable code, what happened, what to do. */
export class DroverError extends Error {
  override readonly name: string = "DroverError";
  /** Stable, kebab-case; documented in docs/errors.md. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown, on one line. */
export function reasonOf(error: unknown): string {
  // A name that resolves to several addresses fails with one error for each of them.
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(reasonOf).join("; ");
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s+/g, " ").trim();
}

/** The `code` of a system or Drover error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
