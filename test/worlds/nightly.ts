import { MAIN_MISHAPS } from "./faults.ts";
import { playInShares, type Report } from "./shares.ts";

/** Three faults of many sorts leave millions of worlds: only on these ways of a job. */
const SHORT = "callback,http-input,s3-input,queue,store";

/** What is played every night: see docs/proof.md. Exit code 1 when anything broke, or a numbered fault never happened. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  "schedules of up to two faults": ["--faults", "2"],
  "schedules of up to three kills": ["--faults", "3", "--mishaps", "dies-before,dies-after"],
  "schedules of up to three faults": ["--faults", "3", "--mishaps", MAIN_MISHAPS.join(","), "--kind", SHORT],
  "random worlds": ["--seeds", "200000"],
};

for (const [what, args] of Object.entries(PARTS)) {
  const startedAt = performance.now();
  const report = await playInShares(...args);
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
