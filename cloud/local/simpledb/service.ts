import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import { StaleAnswers } from "../nasty/stale-answers.ts";
import type { CredentialSource } from "../signature/verify.ts";
import { like } from "./select/like.ts";
import { limits, type Limits } from "./limits.ts";
import { simpleDbSchema } from "./schema.ts";
import { VerifierV2 } from "./signature-v2.ts";
import type { SimpleDbState } from "./state.ts";
import { sweepDeleted } from "./sweep.ts";
import { openTables } from "./tables.ts";

export interface SimpleDbOptions {
  database: DatabaseSync;
  group: GroupCommit;
  clock: Clock;
  credentials: CredentialSource;
  report: (error: unknown) => void;
  limits?: Partial<Limits>;
}

/** Opens the domains of a database. */
export function openSimpleDb(options: SimpleDbOptions): SimpleDbState {
  const { database, group, clock, credentials, report } = options;
  database.exec(simpleDbSchema);
  database.function("simpledb_like", { deterministic: true }, (value, pattern) =>
    Number(like(String(value), String(pattern))),
  );
  const state: SimpleDbState = {
    clock,
    group,
    tables: openTables(database),
    limits: { ...limits, ...options.limits },
    verifierV2: new VerifierV2(credentials, clock),
    recent: new StaleAnswers(clock),
    report,
    closed: false,
  };
  sweepDeleted(state);
  return state;
}

export function closeSimpleDb(state: SimpleDbState): void {
  state.closed = true;
}
