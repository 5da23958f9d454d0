/** What a dead letter says of itself, beside its signed identity: message attributes on the dead-letter queue. */
export interface LetterFacts {
  /** One of schemas/codes.ts. */
  code: string;
  reason: string;
  instance: string;
}

const CODE = "drover-code";
const REASON = "drover-reason";
const INSTANCE = "drover-instance";

type Attributes = Record<string, string>;

export function letterAttributes({ code, reason, instance }: LetterFacts): Attributes {
  return { [CODE]: code, [REASON]: reason, [INSTANCE]: instance };
}

/** Undefined for a message that SQS itself moved to the dead-letter queue. */
export function letterFacts(attributes: Attributes): LetterFacts | undefined {
  const { [CODE]: code, [REASON]: reason, [INSTANCE]: instance } = attributes;
  return code === undefined ? undefined : { code, reason: reason ?? "", instance: instance ?? "" };
}

/**
 * On a queue of work: a letter that SQS's own redrive has moved there. What `drover dlq replay` sends is none any
 * more, see withoutLetter.
 */
export function isLetter({ attributes }: { attributes: Attributes }): boolean {
  return CODE in attributes;
}

export function withoutLetter(attributes: Attributes): Attributes {
  const own = new Set([CODE, REASON, INSTANCE]);
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !own.has(name)));
}
