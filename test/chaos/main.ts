import { parseArgs } from "node:util";
import { playChaos } from "./play.ts";
import { brokenPromises } from "./run.ts";

/**
 * `npm run chaos -- --kills N`: real agents, a nasty cloud, bad networks, bad programs, SIGKILL and SIGSTOP at every effect.
 * Exit code 0: every promise kept; 1: one was broken; 2: all kept, but ended before there were as many kills and
 * jobs as asked for (--minutes, or the first SIGINT; a second one ends at once).
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    jobs: { type: "string" },
    agents: { type: "string", default: "6" },
    minutes: { type: "string", default: "22" },
    seed: { type: "string", default: "1" },
    nasty: { type: "string", default: "mild" },
    json: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
const say = (text: string) => void process.stderr.write(`${text}\n`);
const cutShort = new AbortController();
process.on("SIGINT", () => {
  if (cutShort.signal.aborted) process.exit(130);
  say("no more faults from here on; the promises are checked for what was sent so far");
  cutShort.abort();
});
const report = await playChaos({
  kills,
  jobs: values.jobs === undefined ? kills * 10 : Number(values.jobs),
  agents: Number(values.agents),
  limitS: Number(values.minutes) * 60,
  cutShort: cutShort.signal,
  seed: Number(values.seed),
  profile: values.nasty,
  say,
});
process.stdout.write(`${JSON.stringify(report, undefined, values.json ? 0 : 1)}\n`);
const broken = brokenPromises(report);
for (const it of broken) say(`✗ ${it}`);
if (broken.length === 0) say("every promise was kept");
process.exitCode = broken.length > 0 ? 1 : report.isCutShort ? 2 : 0;
