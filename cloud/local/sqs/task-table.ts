import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export type TaskStatus = "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";

export interface TaskRow {
  task: number;
  /** ARNs; no destination: each message goes back to where it came from. */
  source: string;
  destination: string | null;
  /** Messages a second, when limited. */
  rate: number | null;
  status: TaskStatus;
  moved: number;
  to_move: number;
  started_ms: number;
  failure: string | null;
}

export type TaskTable = ReturnType<typeof openTaskTable>;

/** Message move tasks: those that run, and the last ones of each queue. */
export function openTaskTable(database: DatabaseSync) {
  const insert = database.prepare(
    `INSERT INTO move_tasks (source, destination, rate, status, moved, to_move, started_ms)
     VALUES (?, ?, ?, 'RUNNING', 0, ?, ?)`,
  );
  const find = database.prepare("SELECT * FROM move_tasks WHERE task = ?");
  const update = database.prepare("UPDATE move_tasks SET status = ?, moved = ?, failure = ? WHERE task = ?");
  const newest = database.prepare("SELECT * FROM move_tasks WHERE source = ? ORDER BY task DESC LIMIT +?");
  const running = database.prepare("SELECT * FROM move_tasks WHERE status = 'RUNNING'");
  const forget = database.prepare(
    `DELETE FROM move_tasks WHERE source = ?1 AND task NOT IN
     (SELECT task FROM move_tasks WHERE source = ?1 ORDER BY task DESC LIMIT +?2)`,
  );

  return {
    insert(
      task: Pick<TaskRow, "source" | "destination" | "rate" | "to_move" | "started_ms">,
      keep: number,
    ): number {
      const { source, destination, rate, to_move, started_ms } = task;
      const made = insert.run(source, destination, rate, to_move, started_ms);
      forget.run(source, keep);
      return Number(made.lastInsertRowid);
    },
    find: (task: number) => allRows<TaskRow>(find, task)[0],
    update: ({ task, status, moved, failure }: TaskRow) => void update.run(status, moved, failure, task),
    newest: (source: string, max: number) => allRows<TaskRow>(newest, source, max),
    running: () => allRows<TaskRow>(running),
  };
}
