import { readdir, readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { round } from "./figures.ts";

interface CpuProfile {
  /** Microseconds, on a clock of its own. */
  startTime: number;
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
    children?: number[];
  }[];
  samples: number[];
  timeDeltas: number[];
}

type Maps = Map<string, SourceMap | undefined>;

const IDLE = "idle";
const OTHER = "other";

/** Where code comes from, first match counts; Node's own modules count by what they do. */
const STAGES: readonly [pattern: RegExp, stage: string][] = [
  [/^\(idle\)/, IDLE],
  [/^\(garbage collector\)/, "garbage collection"],
  [/^\((program|root)\)/, "native, outside any function"],
  [/@aws-sdk\/|@smithy\/|@aws-crypto\//, "AWS SDK"],
  [/undici\//, "undici"],
  [/libxml2|^wasm:/, "libxml2"],
  [/fast-xml-parser|\/schemas\//, "schemas: checking and building documents"],
  [/node:(internal\/)?(child_process|socketpair)/, "node: child processes"],
  [/node:(internal\/)?(fs|url|path|blob)/, "node: files"],
  [/node:(_http|http|https|net|_tls|internal\/(net|http|dns|dtrace))|node:dns/, "node: HTTP and sockets"],
  [
    /node:(internal\/)?(streams?|stream_base|webstreams|buffer|string_decoder|events)/,
    "node: streams and events",
  ],
  [/node:(internal\/)?(crypto|hash)/, "node: hashes"],
  [
    /node:(internal\/)?(timers|process|async_hooks|util|abort_controller|event_target|errors|console)/,
    "node: timers, promises, signals",
  ],
  [/^node:/, "node: other"],
  [/\/(base|jobs|cloud|agent)\//, "Drover's own code"],
];

/** Less than this a job is not worth a line. */
const LEAST_MS = 0.01;

/**
 * Processor time by stage in milliseconds, divided by `jobs`: the self time of every function in the profile of `dir`
 * between two moments (milliseconds after the start), sorted by the source file the function came from. Built-in
 * functions without a file count for the one that called them.
 */
export async function breakdown(
  dir: string,
  jobs: number,
  window: { fromMs: number; toMs: number },
): Promise<Record<string, number>> {
  const [name] = await readdir(dir);
  if (name === undefined) throw new Error(`The worker left no profile in ${dir}.`);
  const profile = JSON.parse(await readFile(join(dir, name), "utf8")) as CpuProfile;
  const stages = stagesOf(profile, await sourceMaps(profile));
  const totals = new Map<string, number>();
  let atMs = 0;
  profile.samples.forEach((id, i) => {
    const tookMs = (profile.timeDeltas[i] ?? 0) / 1000;
    atMs += tookMs;
    if (atMs < window.fromMs || atMs > window.toMs) return;
    const stage = stages.get(id) ?? OTHER;
    totals.set(stage, (totals.get(stage) ?? 0) + tookMs / jobs);
  });
  totals.delete(IDLE);
  const sorted = [...totals].filter(([, ms]) => ms >= LEAST_MS).toSorted(([, a], [, b]) => b - a);
  return Object.fromEntries(sorted.map(([stage, ms]) => [stage, round(ms, 3)]));
}

function stagesOf(profile: CpuProfile, maps: Maps): Map<number, string> {
  const parents = new Map(
    profile.nodes.flatMap((it) => (it.children ?? []).map((child) => [child, it.id] as const)),
  );
  const places = new Map(profile.nodes.map((it) => [it.id, placeOf(it.callFrame, maps)]));
  const stageOf = (id: number | undefined): string => {
    const place = id === undefined ? undefined : places.get(id);
    if (place === undefined) return OTHER;
    if (place === "") return stageOf(id === undefined ? undefined : parents.get(id));
    return STAGES.find(([pattern]) => pattern.test(place))?.[1] ?? OTHER;
  };
  return new Map(profile.nodes.map((it) => [it.id, stageOf(it.id)]));
}

async function sourceMaps(profile: CpuProfile): Promise<Maps> {
  const maps: Maps = new Map();
  for (const { callFrame } of profile.nodes) {
    const { url } = callFrame;
    if (!url.startsWith("file:") || maps.has(url)) continue;
    const text = await readFile(`${fileURLToPath(url)}.map`, "utf8").catch(() => undefined);
    maps.set(url, text === undefined ? undefined : new SourceMap(JSON.parse(text)));
  }
  return maps;
}

/** The source file, or the name of a pseudo-function such as (idle); "" for a built-in function. */
function placeOf(frame: CpuProfile["nodes"][number]["callFrame"], maps: Maps): string {
  const { url, functionName, lineNumber, columnNumber } = frame;
  if (url === "") return functionName.startsWith("(") ? functionName : "";
  const entry = maps.get(url)?.findEntry(lineNumber, columnNumber);
  return entry !== undefined && "originalSource" in entry ? entry.originalSource : url;
}
