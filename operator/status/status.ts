import { type Clock, withDeadline, withSignal } from "../../base/clock.ts";
import { DroverError, reasonOf } from "../../base/errors.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import { parseRecord, RECORD } from "../../autoscaler/daemon/record.ts";
import type { StatusRow, Store } from "../../cloud/ports/store.ts";

export interface QueueStatus {
  name: string;
  visible: number;
  inFlight: number;
  delayed: number;
}

export interface InstanceStatus {
  row: StatusRow;
  /** Seconds since its last heartbeat, by our clock. */
  ageS: number;
  /** `silent` when three heartbeats are missing. */
  health: "alive" | "silent";
}

/** The fleet at one moment. */
export interface Picture {
  takenAt: number;
  queues: QueueStatus[];
  /** Undefined when the store could not be read; `storeProblem` says why. */
  instances: InstanceStatus[] | undefined;
  storeProblem?: string;
  /** The autoscaler's own word; undefined where none ever ran, or the store could not be read. */
  scaler?: ScalerStatus;
}

export interface ScalerStatus {
  /** The process in charge; empty when the last one left in order. */
  leader: string;
  /** How often the lead has changed. */
  epoch: number;
  /** What it decided last, and why. */
  sentence: string;
  /** Instances that are told to take no message. */
  cordoned: number;
  /** Launches and ends that are under way. */
  unfinished: number;
}

const MISSED_HEARTBEATS = 3;
const USUAL_PERIOD_S = 10;
/** Whoever asks how the fleet is wants to hear of the queues before long. */
const STORE_TIMEOUT_MS = 5_000;

/** Reads queues and instances side by side; a store that does not answer takes nothing from the rest. */
export async function takePicture(queues: readonly Queue[], store: Store, clock: Clock): Promise<Picture> {
  const now = clock.now();
  const [counts, rows, scaler] = await Promise.all([
    Promise.all(queues.map(async (it) => ({ name: it.name, ...(await it.counts()) }))),
    inTime(clock, store.listStatus()).catch((error: unknown) => reasonOf(error)),
    // A store that cannot be read says so in place of the instances.
    inTime(clock, scalerOf(store)).catch(() => undefined),
  ]);
  if (typeof rows === "string")
    return { takenAt: now, queues: counts, instances: undefined, storeProblem: rows };
  return {
    takenAt: now,
    queues: counts,
    instances: rows.map((row) => instanceOf(row, now)),
    ...(scaler === undefined ? {} : { scaler }),
  };
}

async function scalerOf(store: Store): Promise<ScalerStatus | undefined> {
  const found = await store.readRecord(RECORD);
  if (found === undefined) return undefined;
  const { leader, epoch, sentence, cordons, intents } = parseRecord(found.text);
  return { leader, epoch, sentence, cordoned: Object.keys(cordons).length, unfinished: intents.length };
}

/** Throws `store-silent`. */
function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  const silent = () =>
    new DroverError("store-silent", `it did not answer within ${STORE_TIMEOUT_MS / 1000} s`);
  return withDeadline(clock, STORE_TIMEOUT_MS, silent, (signal) => withSignal(signal, answer));
}

function instanceOf(row: StatusRow, now: number): InstanceStatus {
  const ageS = Math.max(0, (now - row.heartbeatAt) / 1000);
  const periodS = typeof row["periodS"] === "number" ? row["periodS"] : USUAL_PERIOD_S;
  return { row, ageS, health: ageS > MISSED_HEARTBEATS * periodS ? "silent" : "alive" };
}

/** The picture as text for a terminal. */
export function showPicture(picture: Picture): string {
  const queues = table(
    ["queue", "visible", "in flight", "delayed"],
    picture.queues.map((it) => [it.name, it.visible, it.inFlight, it.delayed]),
  );
  if (picture.instances === undefined) {
    return `${queues}\ninstances: unknown, the store could not be read: ${picture.storeProblem}\n`;
  }
  const scaler = picture.scaler === undefined ? "" : `\n${showScaler(picture.scaler)}`;
  if (picture.instances.length === 0) return `${queues}${scaler}\nno instance has reported\n`;
  const columns = ["running", "slots", "waiting", "settling", "done", "returned"];
  const instances = table(
    ["instance", "health", "seen", "state", ...columns],
    picture.instances.map(({ row, ageS, health }) => [
      row.instanceId,
      health,
      `${Math.round(ageS)} s ago`,
      String(row["state"] ?? "-"),
      ...columns.map((name) => String(row[name] ?? "-")),
    ]),
  );
  const oldestS = Math.max(...picture.instances.map((it) => it.ageS));
  const problems = showProblems(picture.instances);
  return `${queues}${scaler}\n${instances}${problems}\nthe oldest report is ${Math.round(oldestS)} s old\n`;
}

/** Why machines do not run the release that they should, once for each reason. */
function showProblems(instances: readonly InstanceStatus[]): string {
  const who = new Map<string, string[]>();
  for (const { row, health } of instances) {
    const problem = row["releaseProblem"];
    if (health === "silent" || typeof problem !== "string" || problem === "") continue;
    who.set(problem, [...(who.get(problem) ?? []), row.instanceId]);
  }
  return [...who].map(([problem, names]) => `\nPROBLEM on ${names.join(", ")}\n  ${problem}\n`).join("");
}

function showScaler({ leader, epoch, sentence, cordoned, unfinished }: ScalerStatus): string {
  const who = leader === "" ? "nobody is in charge" : `${leader} is in charge, epoch ${epoch}`;
  const open = `${cordoned} cordoned, ${unfinished} orders under way`;
  return `autoscaler: ${who}; ${open}\n  ${sentence || "nothing decided yet"}\n`;
}

function table(head: string[], rows: (string | number)[][]): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
    .concat("\n");
}
