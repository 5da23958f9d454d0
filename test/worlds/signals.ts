/**
 * Node keeps a signal of AbortSignal.any() alive for as long as somebody listens to it, also when nobody could ever hear
 * of it again. A lost machine leaves many such listeners, and a run of a million worlds would keep them all: here a
 * signal lives as long as those it follows. What it does is the same.
 */
export function letSignalsGo(): void {
  AbortSignal.any = (signals) => {
    const controller = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) controller.abort(signal.reason);
      else signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    }
    return controller.signal;
  };
}
