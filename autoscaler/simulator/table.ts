import { DroverError } from "../../base/errors.ts";

export interface Table {
  /** Which of the alternatives the file has. */
  has: string;
  /** The required columns in the order asked for, then the alternative. */
  columns: Float64Array[];
  /** Where in the file a row stands, for messages. */
  lineOf: (row: number) => number;
}

/**
 * Reads numbers from a CSV file whose first line names the columns, in any order, others among them. Blank lines and
 * the kind of line ends do not matter. Millions of lines are read one by one, never held as strings all at once. Throws config-invalid with the number of the line that is wrong.
 */
export function readTable(
  what: string,
  text: string,
  required: readonly string[],
  alternatives: readonly string[],
): Table {
  const lines = linesOf(text);
  const header = lines.next().value;
  const names = header?.text.split(",").map((name) => name.trim()) ?? [];
  const found = alternatives.filter((name) => names.includes(name));
  const [has] = found;
  if (
    header === undefined ||
    has === undefined ||
    found.length > 1 ||
    !required.every((name) => names.includes(name))
  ) {
    const expected = alternatives.map((name) => `"${[...required, name].join(",")}"`).join(" or ");
    const instead =
      header === undefined ? "the file is empty" : `not "${header.text}" (line ${header.number})`;
    throw new DroverError(
      "config-invalid",
      `A file of ${what} begins with the line ${expected}: ${instead}.`,
    );
  }
  const at = [...required, has].map((name) => names.indexOf(name));
  const columns = at.map(() => new Numbers());
  const numbers = new Numbers();
  for (const line of lines) {
    const cells = line.text.split(",");
    for (const [column, index] of at.entries()) {
      const cell = cells[index]?.trim() ?? "";
      const number = cell === "" ? Number.NaN : Number(cell);
      if (!Number.isFinite(number) || cells.length !== names.length) {
        const message = `Line ${line.number} of the ${what}, "${line.text}", is wrong: it needs ${names.length} values, numbers under ${[...required, has].join(" and ")}.`;
        throw new DroverError("config-invalid", message);
      }
      columns[column]?.add(number);
    }
    numbers.add(line.number);
  }
  if (numbers.values.length === 0) {
    throw new DroverError("config-invalid", `The file of ${what} holds no line but its header.`);
  }
  const lineNumbers = numbers.values;
  return { has, columns: columns.map(({ values }) => values), lineOf: (row) => lineNumbers[row] ?? 0 };
}

/** The lines that hold something. */
function* linesOf(text: string): Generator<{ number: number; text: string }, undefined> {
  let from = 0;
  for (let number = 1; from < text.length; number++) {
    const end = text.indexOf("\n", from);
    const line = text.slice(from, end === -1 ? text.length : end).trim();
    if (line !== "") yield { number, text: line };
    if (end === -1) return;
    from = end + 1;
  }
}

/** A column that grows. */
class Numbers {
  #values = new Float64Array(1024);
  #count = 0;

  get values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count++] = value;
  }
}
