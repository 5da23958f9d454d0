import { createHash } from "node:crypto";
import type { ReplaceableItem } from "./simpledb/models.ts";
import { MAX_PAIRS, MAX_VALUE_BYTES, type Pair, pairsOf } from "./simpledb-text.ts";

/** `host ident user [time] "request" status bytes {fields}` */
const LINE = /^(\S+) (\S+) (\S+) \[([^\]]*)\] "([^"]*)" (\S+) (\S+) (\{.*\})$/s;

/**
 * The lines of a chunk as items, in the chunk's order.
 *
 * An item is named after the instance, the line's offset in the instance's log (fixed width: the order of the names
 * is the log's) and a hash of the line: writing a line again writes the same item, and another line never mixes with
 * it.
 */
export function activityItems(instanceId: string, offset: number, lines: string): ReplaceableItem[] {
  const items: ReplaceableItem[] = [];
  let place = offset;
  for (const line of lines.split("\n")) {
    if (line !== "") {
      const digest = createHash("sha256").update(line).digest("hex").slice(0, 8);
      items.push({
        Name: `${instanceId}/${String(place).padStart(15, "0")}/${digest}`,
        Attributes: attributesOf(line).map((pair) => ({ ...pair, Replace: true })),
      });
    }
    place += Buffer.byteLength(line) + 1;
  }
  return items;
}

/** The fields of the Common Log Format, then those of the line's JSON; a line of another form as it is. */
function attributesOf(line: string): Pair[] {
  const match = LINE.exec(line);
  const fields = match?.[8] === undefined ? undefined : readFields(match[8]);
  if (match === null || fields === undefined) return limited(pairsOf("line", line));
  const [, host = "", ident = "", user = "", time = "", request = "", status = "", bytes = ""] = match;
  const known: Record<string, string> = { host, ident, user, time, request, status, bytes };
  const at = isoTime(time);
  if (at !== undefined) known["at"] = at;
  const pairs = Object.entries(known).flatMap(([name, text]) => pairsOf(name, text));
  const taken = new Set(pairs.map((it) => it.Name));
  for (const [name, value] of Object.entries(fields)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (name === "event" && text === request) continue; // the request itself
    if (known[name] === text) continue;
    // Never two meanings under one name: neither that of a field above, nor that of a long text's next piece.
    let own = name === "" || /\.\d+$/.test(name) ? `${name}.` : name;
    while (pairsOf(own, text).some((it) => taken.has(it.Name))) own = `field.${own}`;
    for (const pair of pairsOf(own, text)) {
      taken.add(pair.Name);
      pairs.push(pair);
    }
  }
  return limited(pairs);
}

function readFields(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined; // a line that was cut: it is kept as it is
  }
}

/** What SimpleDB has no room for is left out, and `truncated` says so: the instance's own file has the whole line. */
function limited(pairs: readonly Pair[]): Pair[] {
  const fitting = pairs.filter((it) => Buffer.byteLength(it.Name) <= MAX_VALUE_BYTES);
  if (fitting.length === pairs.length && pairs.length <= MAX_PAIRS) return fitting;
  const kept = fitting.slice(0, MAX_PAIRS - 1);
  return [...kept, { Name: "truncated", Value: `${pairs.length - kept.length} values were left out` }];
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 22/Nov/2026:08:39:20 +0000 as 2026-11-22T08:39:20Z, which sorts by time; undefined for any other text. */
function isoTime(time: string): string | undefined {
  const match = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d:\d\d:\d\d) \+0000$/.exec(time);
  if (match === null) return undefined;
  const month = MONTHS.indexOf(match[2] ?? "") + 1;
  return `${match[3]}-${String(month).padStart(2, "0")}-${match[1]}T${match[4]}Z`;
}
