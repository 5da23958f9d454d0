import type { SimpleDbState } from "./state.ts";

/** Items removed in one turn: some milliseconds, so that requests are answered in between. */
const MAX_PER_TURN = 100;

const sweeping = new WeakSet<SimpleDbState>();

/** Removes what deleted domains held, in the background. Goes on after a restart. */
export function sweepDeleted(state: SimpleDbState): void {
  if (sweeping.has(state)) return;
  sweeping.add(state);
  sweepAll(state)
    .catch(state.report)
    .finally(() => sweeping.delete(state));
}

async function sweepAll(state: SimpleDbState): Promise<void> {
  let swept = MAX_PER_TURN;
  while (swept === MAX_PER_TURN && !state.closed) {
    swept = await state.group.run(() => state.tables.sweep(MAX_PER_TURN));
  }
}
