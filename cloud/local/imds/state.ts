import type { Clock } from "../../../base/clock.ts";
import type { Verifier } from "../signature/verify.ts";
import type { Instance } from "./instance.ts";
import type { RoleCredentials } from "./role-credentials.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";
import type { Place } from "./tree.ts";

export interface ImdsContext {
  clock: Clock;
  place: Place;
  sessions: Sessions;
  /** Of the cloud's own credentials alone: who has them may change what an instance is told. */
  verifier: Verifier;
  report: (error: unknown) => void;
}

/** What the requests of one metadata service work on. */
export interface ImdsState extends ImdsContext {
  instance: Instance;
  readonly tokens: Tokens;
  readonly credentials: RoleCredentials;
}
