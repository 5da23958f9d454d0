/** Signals that follow another one, and the one ear that listens to it for all of them. */
const followers = new WeakMap<AbortSignal, Set<AbortController>>();

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
      else followersOf(signal).add(controller);
    }
    return controller.signal;
  };
}

function followersOf(signal: AbortSignal): Set<AbortController> {
  const known = followers.get(signal);
  if (known !== undefined) return known;
  const made = new Set<AbortController>();
  followers.set(signal, made);
  const tell = () => {
    for (const it of made) it.abort(signal.reason);
  };
  signal.addEventListener("abort", tell, { once: true });
  return made;
}
