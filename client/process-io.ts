import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { styleText } from "node:util";
import { DroverError } from "../base/errors.ts";
import type { Terminal } from "./terminal.ts";

/** This process's own output, as a Terminal. */
export function processTerminal(): Terminal {
  return {
    out: (content) => void process.stdout.write(content),
    err: (text) => void process.stderr.write(text),
    outIsScreen: isatty(1),
    errIsScreen: isatty(2),
    // styleText itself looks at the stream and at NO_COLOR.
    paint: (color, text) => styleText(color, text, { stream: process.stdout }),
  };
}

/** Reads a line from standard input; what is typed at a terminal is not shown. */
export async function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = isatty(0);
  if (terminal) process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: silent, terminal });
  try {
    const { value } = await lines[Symbol.asyncIterator]().next();
    return value ?? "";
  } finally {
    lines.close();
    if (terminal) process.stderr.write("\n");
  }
}

/**
 * Runs work that Ctrl-C ends in order: its signal aborts with `interrupted`. A second Ctrl-C kills, as does the first
 * one outside such work.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () =>
    controller.abort(
      new DroverError(
        "interrupted",
        "Stopped. Jobs that were submitted go on; ask for them with --wait-for.",
      ),
    );
  process.once("SIGINT", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener("SIGINT", stop);
  }
}
