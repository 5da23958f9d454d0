import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { SQLInputValue } from "node:sqlite";

/** One write to the database. */
export interface Write {
  sql: string;
  parameters: SQLInputValue[];
}

/** A write as it stands in the file: JSON, blobs in base64. */
type Written = [sql: string, parameters: (Exclude<SQLInputValue, bigint> | { base64: string })[]];

/**
 * What turns wrote since the database's last commit: a line for each turn, after a first line that says which version of
 * the database they were done on. A line that was handed to the operating system survives kill -9; one that was cut off
 * has no end of line and does not count.
 */
export class TurnFile {
  readonly path: string;
  readonly #fd: number;
  #bytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "a+", 0o600);
  }

  /** How long the file has become. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a turn, all of it or nothing. `version`: of the database, when this is the first one. */
  append(version: number, writes: readonly string[]): void {
    const head = this.#bytes === 0 ? `${version}\n` : "";
    const line = `${head}[${writes.join(",")}]\n`;
    const bytes = Buffer.byteLength(line);
    try {
      let done = writeSync(this.#fd, line);
      while (done < bytes) done += writeSync(this.#fd, Buffer.from(line), done);
      this.#bytes += bytes;
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes); // a full disk may have taken half of it
      throw error;
    }
  }

  /**
   * The turns that were done on this version of the database; none when the file is about another one. After a power
   * cut a line may hold zeros: there the turns end.
   */
  read(version: number): Write[][] {
    const lines = readFileSync(this.path, "utf8").split("\n").slice(0, -1);
    if (lines[0] !== String(version)) return [];
    const turns: Write[][] = [];
    for (const line of lines.slice(1)) {
      const turn = readTurn(line);
      if (turn === undefined) break;
      turns.push(turn);
    }
    return turns;
  }

  clear(): void {
    ftruncateSync(this.#fd, 0);
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** `sql` as JSON, since it is the same each time. */
export function writtenAs(sql: string, parameters: readonly SQLInputValue[]): string {
  const blobs = parameters.some((it) => typeof it === "object" && it !== null);
  return `[${sql},${JSON.stringify(blobs ? parameters.map(asJson) : parameters)}]`;
}

function asJson(value: SQLInputValue): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { base64: bytes.toString("base64") };
}

function readTurn(line: string): Write[] | undefined {
  let writes: Written[];
  try {
    writes = JSON.parse(line) as Written[];
  } catch {
    return undefined;
  }
  return writes.map(([sql, parameters]) => ({
    sql,
    parameters: parameters.map((it) =>
      typeof it === "object" && it !== null && "base64" in it ? Buffer.from(it.base64, "base64") : it,
    ),
  }));
}
