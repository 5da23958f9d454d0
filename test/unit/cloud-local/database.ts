import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openDatabase, type CloudDatabase } from "../../../cloud/local/database.ts";

/**
 * A cloud's database in a folder that is gone when the test is over. It is not closed: a turn that the test has left
 * open may end later.
 */
export function temporaryDatabase(): CloudDatabase {
  const folder = mkdtempSync(join(tmpdir(), "drover-database-"));
  const database = openDatabase(join(folder, "cloud.sqlite"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return database;
}
