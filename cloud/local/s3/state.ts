import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { ObjectTable } from "./object-table.ts";

/** What every S3 operation works on. */
export interface S3State {
  readonly clock: Clock;
  readonly group: GroupCommit;
  readonly objects: ObjectTable;
  /** Folder of the bodies that are too large for the database. */
  readonly bodies: string;
  readonly region: string;
  readonly report: (error: unknown) => void;
}
