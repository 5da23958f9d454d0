import { mkdir, opendir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import { openObjectTable } from "./object-table.ts";
import { s3Schema } from "./schema.ts";
import type { S3State } from "./state.ts";

export interface S3Options {
  database: DatabaseSync;
  group: GroupCommit;
  clock: Clock;
  /** The cloud's folder. */
  dir: string;
  region: string;
  report: (error: unknown) => void;
}

export async function openS3(options: S3Options): Promise<S3State> {
  const { database, group, clock, dir, region, report } = options;
  database.exec(s3Schema);
  const bodies = join(dir, "objects");
  await mkdir(bodies, { recursive: true });
  const state: S3State = { clock, group, objects: openObjectTable(database), bodies, region, report };
  await sweepOrphans(state);
  return state;
}

/** Removes bodies that no object names: uploads or deletes that a crash interrupted. Runs before any request. */
async function sweepOrphans(state: S3State): Promise<void> {
  for await (const { name } of await opendir(state.bodies)) {
    if (!state.objects.usesFile(name)) await rm(join(state.bodies, name), { force: true });
  }
}
