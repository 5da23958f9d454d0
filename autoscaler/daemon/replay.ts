import { isDeepStrictEqual } from "node:util";
import { reasonOf } from "../../base/errors.ts";
import { decide } from "../decide.ts";
import type { DecisionLine } from "./decision-log.ts";

export interface Difference {
  /** Line number in the log, from 1. */
  line: number;
  time: string;
  /** What the log says, and what the policy of this version decides from the same. */
  was: Pick<DecisionLine, "actions" | "sentence">;
  is: Pick<DecisionLine, "actions" | "sentence">;
}

export interface Replayed {
  decisions: number;
  differences: Difference[];
  /** Lines that are no decisions: the last one of a log whose writer was killed may be cut. */
  unreadable: { line: number; reason: string }[];
}

/** Makes every decision of a log again, each from its own inputs. */
export async function replay(lines: AsyncIterable<string>): Promise<Replayed> {
  const replayed: Replayed = { decisions: 0, differences: [], unreadable: [] };
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    try {
      const difference = again(JSON.parse(text) as Logged, line);
      replayed.decisions++;
      if (difference !== undefined) replayed.differences.push(difference);
    } catch (error) {
      replayed.unreadable.push({ line, reason: reasonOf(error) });
    }
  }
  return replayed;
}

/** Another version of Drover may have written it. */
type Logged = Omit<DecisionLine, "format"> & { format?: number };

function again(logged: Logged, line: number): Difference | undefined {
  const { format, snapshot, settings, state, actions, sentence, time } = logged;
  if (format !== 1) throw new TypeError(`a decision of format ${format} is not known here`);
  const decision = decide(snapshot, settings, state);
  const [was, is] = [
    { actions, sentence },
    { actions: decision.actions, sentence: decision.sentence },
  ];
  return isDeepStrictEqual(was, is) ? undefined : { line, time, was, is };
}
