import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { Bodies } from "./bodies.ts";
import type { BucketTable } from "./bucket-table.ts";
import type { ObjectTable } from "./object-table.ts";
import type { UploadTable } from "./upload-table.ts";

/** Where events go. Both run inside the transaction of the effect that they tell of. */
export interface EventQueues {
  /** Whether events can be sent to the queue of this ARN. */
  accepts(arn: string): boolean;
  /** A queue that was deleted since loses its events, as on AWS. */
  send(arn: string, body: string): void;
}

/** What every S3 operation works on. */
export interface S3State {
  readonly clock: Clock;
  readonly group: GroupCommit;
  readonly buckets: BucketTable;
  readonly objects: ObjectTable;
  readonly uploads: UploadTable;
  readonly bodies: Bodies;
  readonly events: EventQueues;
  readonly region: string;
  readonly report: (error: unknown) => void;
}
