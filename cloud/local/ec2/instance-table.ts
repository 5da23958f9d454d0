import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";
import type { LaunchSpec } from "./launch-spec.ts";

export type InstanceStateName =
  | "pending"
  | "running"
  | "shutting-down"
  | "terminated"
  | "stopping"
  | "stopped";

/** The process tree of an instance, so that a cloud that was started again finds it. */
export interface RecordedProcess {
  pid: number;
  /** When the kernel started it, in ticks since the boot: with the boot it tells a pid from its next holder. */
  startTicks: string;
  bootId: string;
  metadataPort: number;
  /** The cloud's address that the instance was told. */
  endpoint: string;
}

export interface Ec2Instance {
  /** In the order of launches. */
  seq: number;
  id: string;
  reservation: string;
  state: InstanceStateName;
  spec: LaunchSpec;
  launchedMs: number;
  /** When it stops to be pending. */
  readyMs: number;
  /** From when on it is described: reads of EC2 are eventually consistent. */
  visibleMs: number;
  /** When the spot market takes it; undefined: not announced. */
  reclaimMs: number | undefined;
  endedMs: number | undefined;
  /** Why it is in its state, in AWS's words. */
  reason: { code: string; message: string } | undefined;
  process: RecordedProcess | undefined;
}

interface InstanceRow {
  seq: number;
  id: string;
  reservation: string;
  state: InstanceStateName;
  spec: string;
  launched_ms: number;
  ready_ms: number;
  visible_ms: number;
  reclaim_ms: number | null;
  ended_ms: number | null;
  reason_code: string | null;
  reason: string | null;
  process: string | null;
}

export type InstanceTable = ReturnType<typeof openInstanceTable>;

export function openInstanceTable(database: DatabaseSync) {
  const all = database.prepare("SELECT * FROM ec2_instances ORDER BY seq");
  const one = database.prepare("SELECT * FROM ec2_instances WHERE id = ?");
  const insert = database.prepare(
    `INSERT INTO ec2_instances (id, reservation, state, spec, launched_ms, ready_ms, visible_ms)
     VALUES (?, ?, 'pending', ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    `UPDATE ec2_instances SET state = ?, ready_ms = ?, reclaim_ms = ?, ended_ms = ?, reason_code = ?, reason = ?, process = ?
     WHERE id = ?`,
  );
  const remove = database.prepare("DELETE FROM ec2_instances WHERE id = ?");
  return {
    all: () => allRows<InstanceRow>(all).map(instanceOf),
    find: (id: string): Ec2Instance | undefined => allRows<InstanceRow>(one, id).map(instanceOf)[0],
    /** Adds a pending one. Returns its number. */
    add: (it: Pick<Ec2Instance, "id" | "reservation" | "spec" | "launchedMs" | "readyMs" | "visibleMs">) =>
      Number(
        insert.run(it.id, it.reservation, JSON.stringify(it.spec), it.launchedMs, it.readyMs, it.visibleMs)
          .lastInsertRowid,
      ),
    put: (it: Ec2Instance) =>
      void update.run(
        it.state,
        it.readyMs,
        it.reclaimMs ?? null,
        it.endedMs ?? null,
        it.reason?.code ?? null,
        it.reason?.message ?? null,
        it.process === undefined ? null : JSON.stringify(it.process),
        it.id,
      ),
    remove: (id: string) => void remove.run(id),
  };
}

function instanceOf(row: InstanceRow): Ec2Instance {
  const { reason_code: code, reason: message } = row;
  return {
    seq: row.seq,
    id: row.id,
    reservation: row.reservation,
    state: row.state,
    spec: JSON.parse(row.spec) as LaunchSpec,
    launchedMs: row.launched_ms,
    readyMs: row.ready_ms,
    visibleMs: row.visible_ms,
    reclaimMs: row.reclaim_ms ?? undefined,
    endedMs: row.ended_ms ?? undefined,
    reason: code === null || message === null ? undefined : { code, message },
    process: row.process === null ? undefined : (JSON.parse(row.process) as RecordedProcess),
  };
}
