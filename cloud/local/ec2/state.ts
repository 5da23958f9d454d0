import type { Clock } from "../../../base/clock.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { Faults } from "../nasty/faults.ts";
import type { StaleAnswers } from "../nasty/stale-answers.ts";
import type { Parameters } from "../simpledb/parameters.ts";
import type { XmlFields } from "../simpledb/xml.ts";
import type { InstanceTable } from "./instance-table.ts";
import type { Ec2Settings } from "./settings.ts";
import type { TagTable } from "./tag-table.ts";
import type { TemplateTable } from "./template-table.ts";
import type { Throttle } from "./throttle.ts";
import type { TokenTable } from "./token-table.ts";

/** What every EC2 operation works on. */
export interface Ec2State {
  readonly clock: Clock;
  readonly group: GroupCommit;
  readonly region: string;
  readonly account: string;
  readonly instances: InstanceTable;
  readonly tags: TagTable;
  readonly templates: TemplateTable;
  readonly tokens: TokenTable;
  readonly throttle: Throttle;
  readonly faults: Faults;
  /** Recent answers, which nasty mode may give once more. */
  readonly recent: StaleAnswers<XmlFields>;
  settings: Ec2Settings;
  /** Told of failures that no request is waiting for. */
  readonly report: (error: unknown) => void;
  /** Looks at what instances have to do now; called after a commit. */
  wake: () => void;
}

/** A request as an operation sees it. */
export interface Call {
  parameters: Parameters;
  /** All parameters, as they were sent. */
  pairs: readonly (readonly [name: string, value: string])[];
}

/** One action of the API, inside a transaction: it throws AwsError before its first write, or answers its fields. */
export type Operation = (state: Ec2State, call: Call) => XmlFields;
