import { MultiBar } from "cli-progress";

/** A bar for people. Without a screen it does nothing but pass lines on. */
export interface Progress {
  start(label: string, total: number): void;
  step(): void;
  /** Prints a line; on a screen above the bar. */
  line(text: string): void;
  stop(): void;
}

/**
 * @param screen where the bar is drawn; undefined when nobody watches
 * @param print takes the lines when they go elsewhere than the screen
 */
export function createProgress(
  screen: NodeJS.WritableStream | undefined,
  print: { toScreen: boolean; line: (text: string) => void },
): Progress {
  if (screen === undefined) {
    return { start: () => undefined, step: () => undefined, line: print.line, stop: () => undefined };
  }
  const bars = new MultiBar({
    format: "{label} [{bar}] {value}/{total} {eta_formatted}",
    stream: screen,
    clearOnComplete: true,
    hideCursor: true,
  });
  let bar: ReturnType<MultiBar["create"]> | undefined;
  return {
    start: (label, total) => {
      if (bar !== undefined) bars.remove(bar);
      bar = bars.create(total, 0, { label });
    },
    step: () => bar?.increment(),
    line: (text) => (print.toScreen && bar !== undefined ? bars.log(text) : print.line(text)),
    stop: () => bars.stop(),
  };
}
