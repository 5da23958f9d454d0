import type { SimpleDbState } from "./state.ts";

/** Items removed in one turn: some milliseconds, so that requests are answered in between. */
const MAX_PER_TURN = 100;

/** Sweeps that go on now; `again` when a domain was deleted since the last look. */
const sweeping = new WeakMap<SimpleDbState, { again: boolean }>();

/** Removes what deleted domains held, in the background. Goes on after a restart. */
export function sweepDeleted(state: SimpleDbState): void {
  const running = sweeping.get(state);
  if (running === undefined) sweepAll(state).catch(state.report);
  else running.again = true;
}

async function sweepAll(state: SimpleDbState): Promise<void> {
  const own = { again: true };
  sweeping.set(state, own);
  try {
    let more = false;
    while ((more || own.again) && !state.closed) {
      own.again = false;
      more = await state.group.run(() => state.tables.sweep(MAX_PER_TURN));
    }
  } finally {
    sweeping.delete(state);
  }
}
