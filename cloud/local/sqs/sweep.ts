import type { SqsState } from "./state.ts";

/** Rows removed in one turn: some milliseconds, so that requests are answered in between. */
const MAX_PER_TURN = 500;

const sweeping = new WeakSet<SqsState>();

/** Removes the messages of doomed pools in the background. Goes on after a restart. */
export function sweepDoomed(state: SqsState): void {
  if (sweeping.has(state)) return;
  sweeping.add(state);
  sweepAll(state)
    .catch(state.report)
    .finally(() => sweeping.delete(state));
}

async function sweepAll(state: SqsState): Promise<void> {
  let more = true;
  while (more && !state.closed) more = await state.group.run(() => sweepSome(state));
}

function sweepSome(state: SqsState): boolean {
  const pool = state.queueTable.doomedPool();
  if (pool === undefined) return false;
  const rows = state.messages.ofPool(pool, MAX_PER_TURN);
  for (const { seq } of rows) state.messages.remove(seq);
  if (rows.length < MAX_PER_TURN && state.groups.removeSome(pool, MAX_PER_TURN) < MAX_PER_TURN) {
    state.queueTable.forgetPool(pool);
  }
  return true;
}
