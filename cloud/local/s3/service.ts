import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import { Bodies } from "./bodies.ts";
import { openBucketTable } from "./bucket-table.ts";
import { openObjectTable } from "./object-table.ts";
import { prepareS3Schema } from "./schema.ts";
import type { EventQueues, S3State } from "./state.ts";
import { openUploadTable } from "./upload-table.ts";

export interface S3Options {
  database: DatabaseSync;
  group: GroupCommit;
  clock: Clock;
  /** The cloud's folder. */
  dir: string;
  region: string;
  events: EventQueues;
  report: (error: unknown) => void;
}

export async function openS3({ database, dir, ...options }: S3Options): Promise<S3State> {
  prepareS3Schema(database);
  const folder = join(dir, "objects");
  await mkdir(folder, { recursive: true });
  const bodies = new Bodies(folder);
  const objects = openObjectTable(database);
  const uploads = openUploadTable(database);
  await bodies.sweep((file) => objects.usesFile(file) || uploads.usesFile(file));
  return { ...options, bodies, objects, uploads, buckets: openBucketTable(database) };
}
