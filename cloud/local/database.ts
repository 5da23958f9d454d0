import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DroverError } from "../../base/errors.ts";

/** SQLITE_BUSY, with its extended codes in the upper bytes (https://sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;

/**
 * Opens the cloud's one database. The exclusive lock is the cloud's lock on its folder: the operating system
 * drops it with the process, however that ended, so it is never stale.
 *
 * WAL with synchronous=NORMAL: a commit is in the operating system's hands when it is answered, so it survives
 * kill -9 of this process; a power cut may take the last commits back, but never corrupts
 * (https://sqlite.org/pragma.html#pragma_synchronous).
 *
 * Throws `cloud-folder-in-use` when another cloud holds the folder.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA cache_size = -16384"); // 16 MiB: queues of a million messages stay on the disk
    database.exec("PRAGMA wal_autocheckpoint = 4000"); // 16 MiB of log between checkpoints, which do sync
    database.exec("BEGIN IMMEDIATE; COMMIT");
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
