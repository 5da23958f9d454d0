let last = { second: -1, text: "" };

/** The value of a Date header for a moment in milliseconds since the epoch; made once a second. */
export function dateHeader(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (last.second !== second) last = { second, text: new Date(nowMs).toUTCString() };
  return last.text;
}
