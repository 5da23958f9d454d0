import assert from "node:assert/strict";

/** The service refuses with this error code and, when given, this HTTP status. */
export async function refused(work: Promise<unknown>, code: string | RegExp, status?: number): Promise<void> {
  let answer: unknown;
  try {
    answer = await work;
  } catch (error) {
    const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    if (typeof code === "string") assert.equal(name, code, String(error));
    else assert.match(name ?? "", code, String(error));
    if (status !== undefined) assert.equal($metadata?.httpStatusCode, status, `HTTP status of ${name}`);
    return;
  }
  assert.fail(`expected a refusal with ${String(code)}, got ${JSON.stringify(answer)?.slice(0, 200)}`);
}

const sorted = (items: readonly (string | undefined)[]) =>
  items.map(String).toSorted((a, b) => (a < b ? -1 : Number(a > b)));

/** What a list holds, in any order. */
export function sameItems(actual: readonly (string | undefined)[], expected: readonly string[]): void {
  assert.deepEqual(sorted(actual), sorted(expected));
}
