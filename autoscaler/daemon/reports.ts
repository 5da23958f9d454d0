import type { StatusRow } from "../../cloud/ports/store.ts";
import { parseWork, type WorkReport } from "./work-report.ts";

/** What one agent says of itself. During a change of release two agents speak for one machine. */
export interface Report {
  /** The row's own name. */
  agent: string;
  machine: string;
  /** With the agent's name it tells one process from the next. */
  startedAt: number;
  state: string;
  /** The order that it heeds; empty: it works. */
  cordon: string;
  /** Messages in its hands, of every queue, and polls that could bring more. */
  holding: number;
  polls: number;
  slots: number;
  running: number;
  waiting: number;
  idleS: number;
  /** The provider has announced that it takes the machine back. */
  noticed: boolean;
  /** Since the agent started: first receipts, further ones, messages handed back. */
  received: number;
  repeated: number;
  returned: number;
  /** Messages that it handed back and that are still hidden. */
  asleep: number;
  oldestSentAt: number | undefined;
  work: WorkReport;
  periodS: number;
  /** When the row was seen to change, by our clock: theirs may say anything. */
  changedAtS: number;
}

/** The state that a control host's row has, and no agent's: a scaler speaks there, of its release alone. */
export const SCALING = "scaling";

const MISSED_HEARTBEATS = 3;
const USUAL_PERIOD_S = 10;

/** The rows of the agents, and for how long each has been what it is. */
export class Reports {
  #all = new Map<string, { heartbeatAt: number; report: Report }>();
  #byMachine = new Map<string, Report[]>();

  get all(): Report[] {
    return [...this.#all.values()].map(({ report }) => report);
  }

  update(rows: readonly StatusRow[], nowS: number): void {
    const before = this.#all;
    this.#all = new Map();
    this.#byMachine = new Map();
    for (const row of rows) {
      const { instanceId, heartbeatAt } = row;
      const old = before.get(instanceId);
      const same = old !== undefined && old.heartbeatAt === heartbeatAt;
      const report = same ? old.report : reportOf(row, nowS);
      this.#all.set(instanceId, { heartbeatAt, report });
      this.#byMachine.set(report.machine, [...(this.#byMachine.get(report.machine) ?? []), report]);
    }
  }

  of(machine: string): readonly Report[] {
    return this.#byMachine.get(machine) ?? [];
  }

  freshOf(machine: string, nowS: number): Report[] {
    return this.of(machine).filter((it) => isFresh(it, nowS));
  }
}

export function isFresh({ changedAtS, periodS }: Report, nowS: number): boolean {
  return nowS - changedAtS <= MISSED_HEARTBEATS * periodS;
}

function reportOf(row: StatusRow, changedAtS: number): Report {
  const number = (name: string, otherwise = 0) => {
    const value = row[name];
    return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  };
  const text = (name: string) => String(row[name] ?? "");
  const oldest = number("oldestSentAt");
  return {
    agent: row.instanceId,
    machine: text("instance") === "" ? row.instanceId : text("instance"),
    startedAt: number("startedAt"),
    state: text("state"),
    cordon: text("cordon"),
    holding: number("holding"),
    polls: number("polls"),
    slots: number("slots"),
    running: number("running"),
    waiting: number("waiting"),
    idleS: number("idleS"),
    noticed: row["noticed"] === true,
    received: number("received"),
    repeated: number("repeated"),
    returned: number("returned"),
    asleep: number("asleep"),
    oldestSentAt: oldest === 0 ? undefined : oldest,
    work: parseWork(row["work"]),
    periodS: number("periodS", USUAL_PERIOD_S),
    changedAtS,
  };
}
