import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { DroverError } from "../../base/errors.ts";
import { TurnFile, writtenAs } from "./turn-file.ts";

/** SQLITE_BUSY, with its extended codes in the upper bytes (https://sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;
/** Of turns between two commits: some hundred messages, which a commit writes in a few milliseconds. */
const MAX_TURNS_BYTES = 1024 * 1024;

/**
 * The cloud's one database. What a turn of the event loop wrote is durable when its line stands in the turn file; SQLite's
 * transaction goes on over many turns, since a commit writes every page anew that was touched, at ten times the cost.
 * What the last commit lacks is done again from the file: when the cloud starts, and when a turn is taken back.
 *
 * WAL with synchronous=NORMAL, and a file that nobody syncs: what was answered is in the operating system's hands, so it
 * survives kill -9 of this process; a power cut may take the last turns back, but never corrupts
 * (https://sqlite.org/pragma.html#pragma_synchronous). The database counts its commits in `user_version`, so a file
 * that was written before one or after a lost one is known as such.
 */
export class CloudDatabase extends DatabaseSync {
  readonly #turns: TurnFile;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  /** What was written since the last turn ended. */
  #writes: string[] = [];
  #open = false;
  #version = 0;
  #fresh = true;
  #lost: DroverError | undefined;

  /** Use `openDatabase`. */
  constructor(path: string) {
    super(path);
    this.#begin = super.prepare("BEGIN");
    this.#commit = super.prepare("COMMIT");
    this.#rollback = super.prepare("ROLLBACK");
    this.#turns = new TurnFile(`${path}-turns`);
  }

  /** Brings the database to where the last run left it. To be called once, with the lock held. */
  recover(): void {
    this.#version =
      allRows<{ user_version: number }>(super.prepare("PRAGMA user_version"))[0]?.user_version ?? 0;
    this.#redo();
    if (this.#lost !== undefined) throw this.#lost;
    this.#commitAll();
  }

  /** Everything but a query is noted, so that it can be done again. */
  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    if (/^\s*(SELECT|PRAGMA)\b/i.test(sql)) return statement;
    const sqlJson = JSON.stringify(sql);
    for (const name of ["run", "all"] as const) {
      const original = statement[name].bind(statement);
      const noting = (...parameters: SQLInputValue[]) => {
        const outcome = original(...parameters);
        if (this.#open) this.#writes.push(writtenAs(sqlJson, parameters));
        return outcome;
      };
      Object.defineProperty(statement, name, { value: noting });
    }
    return statement;
  }

  /** For schemas: statements that run once. A turn of its own when a transaction is open. */
  override exec(sql: string): void {
    super.exec(sql);
    if (!this.#open) return;
    this.#writes.push(writtenAs(JSON.stringify(sql), []));
    this.endTurn();
  }

  /** To be called before a turn's first statement. Throws when the database is beyond use. */
  beginTurn(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#turns.bytes > MAX_TURNS_BYTES) this.#commitAll();
    this.#ensureOpen();
  }

  /** From here on what the turn wrote is durable. Throws when it is not; then the turn must be undone. */
  endTurn(): void {
    if (this.#writes.length === 0) return;
    this.#turns.append(this.#version, this.#writes);
    this.#writes = [];
  }

  /** Takes back what was written since the last turn ended. */
  undoTurn(): void {
    this.#writes = [];
    // A full disk, for one, makes SQLite roll back by itself.
    if (this.isTransaction) this.#rollback.run();
    this.#open = false;
    this.#redo();
  }

  override close(): void {
    if (this.#open && this.#lost === undefined) this.#commitAll();
    super.close();
    this.#turns.close();
  }

  #ensureOpen(): void {
    if (this.#open) return;
    // Whatever was written without a turn, schemas above all, belongs to a version of its own.
    if (this.#fresh) super.exec(`PRAGMA user_version = ${++this.#version}`);
    this.#fresh = false;
    this.#begin.run();
    this.#open = true;
  }

  #commitAll(): void {
    if (this.#open) {
      try {
        super.exec(`PRAGMA user_version = ${this.#version + 1}`);
        this.#commit.run();
      } catch (error) {
        this.undoTurn();
        throw error;
      }
      this.#version++;
      this.#open = false;
    }
    this.#turns.clear();
  }

  #redo(): void {
    const turns = this.#turns.read(this.#version);
    if (turns.length === 0) return;
    const statements = new Map<string, StatementSync>();
    try {
      this.#begin.run();
      this.#open = true;
      for (const { sql, parameters } of turns.flat()) {
        if (parameters.length === 0) {
          super.exec(sql); // may be several statements
          continue;
        }
        const statement = statements.get(sql) ?? super.prepare(sql);
        statements.set(sql, statement);
        statement.run(...parameters);
      }
    } catch (error) {
      if (this.isTransaction) this.#rollback.run();
      this.#open = false;
      this.#lost = new DroverError(
        "cloud-folder-damaged",
        `${this.#turns.path} cannot be done on the database beside it. With enough room on the disk, start the cloud again; if that does not help, remove the file, and the last requests with it.`,
        { cause: error },
      );
    }
  }
}

/**
 * Opens the database of a cloud's folder. The exclusive lock is the cloud's lock on its folder: the operating system
 * drops it with the process, however that ended, so it is never stale.
 *
 * Throws `cloud-folder-in-use` when another cloud holds the folder, `cloud-folder-damaged` when its last turns do not
 * fit it.
 */
export function openDatabase(path: string): CloudDatabase {
  const database = new CloudDatabase(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA cache_size = -16384"); // 16 MiB: queues of a million messages stay on the disk
    database.exec("PRAGMA wal_autocheckpoint = 4000"); // 16 MiB of log between checkpoints, which do sync
    database.exec("BEGIN IMMEDIATE; COMMIT");
    database.recover();
    return database;
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    const hint = "Stop it, or choose another folder (--dir).";
    throw new DroverError("cloud-folder-in-use", `another cloud holds ${path}. ${hint}`, { cause: error });
  }
}

function isBusy(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return false;
  return typeof error.errcode === "number" && (error.errcode & 0xff) === SQLITE_BUSY;
}

type Parameter = string | number | null | Uint8Array;

/**
 * All rows of a query. The caller states the row's shape, which its SQL fixes.
 *
 * A limit is written `LIMIT +?`: with a bare `LIMIT ?` SQLite plans by the value and compiles the statement anew at each
 * use, which costs ten times as much as to run it.
 */
export function allRows<Row>(statement: StatementSync, ...parameters: Parameter[]): Row[] {
  return statement.all(...parameters) as Row[];
}
