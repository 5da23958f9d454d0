import type { Clock } from "../../base/clock.ts";
import type { Call } from "./faults.ts";
import type { Host, Outcome } from "./host.ts";

type Entry = { at: number; who: string } & (
  | { text: string }
  | { call: Call; args: readonly unknown[]; outcome: Outcome }
);

/** What happened in a world, kept as it is and only put into words when somebody wants to read it. */
export class History {
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  say(who: string, text: string): void {
    this.#entries.push({ at: this.#clock.monotonic(), who, text });
  }

  call(host: Host, call: Call, args: readonly unknown[], outcome: Outcome): void {
    this.#entries.push({ at: this.#clock.monotonic(), who: host.name, call, args, outcome });
  }

  /** One line for each effect: seconds, who, what, what came of it. Empty polls and the activity log are left out. */
  lines(): string[] {
    return this.#entries.flatMap((it) => {
      const head = `${(it.at / 1000).toFixed(3).padStart(10)} s  ${it.who.padEnd(9)} `;
      if ("text" in it) return [`${head}${it.text}`];
      const { call, args, outcome } = it;
      if (call.port === "disk" || call.port === "store") return [];
      const said = "error" in outcome ? `! ${String(outcome.error)}` : brief(outcome.result);
      if (call.name.endsWith(".receive") && said === "[]") return [];
      return [`${head}${call.name}(${args.map(brief).join(", ")}) → ${said}`];
    });
  }
}

const LONGEST = 100;

function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return cut(value);
  const shown = JSON.stringify(value, (key, it: unknown) => {
    if (key === "signal" || key === "env" || key === "bounds" || key === "storeNow") return undefined;
    if (key === "body" || key === "content") return "…";
    return it;
  });
  return cut(shown ?? typeof value);
}

function cut(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ");
  return flat.length > LONGEST ? `${flat.slice(0, LONGEST)}…` : flat;
}
