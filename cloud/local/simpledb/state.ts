import type { Clock } from "../../../base/clock.ts";
import { AwsError } from "../aws-error.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { StaleAnswers } from "../nasty/stale-answers.ts";
import type { Limits } from "./limits.ts";
import type { Parameters } from "./parameters.ts";
import type { VerifierV2 } from "./signature-v2.ts";
import type { Domain, Tables } from "./tables.ts";
import type { XmlFields } from "./xml.ts";

/** What every SimpleDB operation works on. */
export interface SimpleDbState {
  readonly clock: Clock;
  readonly group: GroupCommit;
  readonly tables: Tables;
  readonly limits: Limits;
  readonly verifierV2: VerifierV2;
  /** Recent answers, which nasty mode may give once more. */
  readonly recent: StaleAnswers<XmlFields | undefined>;
  /** Told of failures that no request is waiting for. */
  readonly report: (error: unknown) => void;
  closed: boolean;
}

/**
 * One action of the API, inside a transaction: it throws AwsError before its first write, or answers the content of
 * its result; undefined when it has none.
 */
export type Operation = (state: SimpleDbState, parameters: Parameters) => XmlFields | undefined;

/** Throws AwsError `NoSuchDomain`. */
export function domainOf(state: SimpleDbState, name: string): Domain {
  const domain = state.tables.domain(name);
  if (domain !== undefined) return domain;
  throw new AwsError("NoSuchDomain", "The specified domain does not exist.");
}
