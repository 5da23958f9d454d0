import { SingleBar } from "cli-progress";
import { MAIN_MISHAPS } from "./faults.ts";
import { playInShares, type Report } from "./shares.ts";
import { ALL_KINDS } from "./slow-kinds.ts";

interface Part {
  args: readonly string[];
  /** A share each is played by a process of its own. */
  shares: number;
}

const KINDS = ALL_KINDS.length;

/** What is played every night: see docs/proof.md. Exit code 1 when anything broke, or a numbered fault never happened. */
const PARTS: Readonly<Record<string, Part>> = {
  "random worlds": { args: ["--seeds", "200000"], shares: 20 },
  "schedules of up to two faults": { args: ["--faults", "2"], shares: KINDS },
  "schedules of up to three faults": {
    args: ["--faults", "3", "--mishaps", MAIN_MISHAPS.join(",")],
    shares: KINDS,
  },
};

for (const [what, { args, shares }] of Object.entries(PARTS)) {
  const startedAt = performance.now();
  const bar = new SingleBar({
    format: `${what} {bar} {value}/{total} shares, {worlds} worlds, {broken} broken`,
  });
  let [worlds, broken] = [0, 0];
  bar.start(shares, 0, { worlds, broken });
  const onPlayed = (share: Report) => {
    worlds += share.worlds;
    broken += share.broken.length;
    bar.increment({ worlds, broken });
  };
  const report = await playInShares(args, { shares, onPlayed });
  bar.stop();
  const isWell = say(what, report, (performance.now() - startedAt) / 1000);
  if (!isWell) process.exitCode = 1;
}

/** Schedules of one kind of mishap do not meet every fault; random worlds must. */
function say(what: string, { worlds, missing, broken }: Report, tookS: number): boolean {
  const mustMeetAll = what === "random worlds";
  const perS = Math.round(worlds / tookS);
  process.stdout.write(
    `${what}: ${worlds} in ${tookS.toFixed(0)} s, ${perS} a second, ${broken.length} broken\n`,
  );
  for (const it of broken) process.stdout.write(`  ✗ ${it.what}: ${it.problems.join("; ")}\n`);
  if (mustMeetAll && missing.length > 0) process.stdout.write(`  ✗ never happened: ${missing.join(", ")}\n`);
  return broken.length === 0 && !(mustMeetAll && missing.length > 0);
}
