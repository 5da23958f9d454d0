import { mkdir, writeFile } from "node:fs/promises";
import type { Random } from "../../base/random.ts";

/** A program of the chaos, and what its clients must hear. */
export interface Program {
  name: string;
  command: readonly string[];
  /** Lines of its service.yaml beyond the usual ones. */
  more?: string;
  expected: "success" | "failed";
  /** What its response document must hold. */
  holds?: string;
  /** Of how many jobs in a hundred. */
  share: number;
}

const shell = (...lines: string[]) => ["/bin/sh", "-c", lines.join("\n")];

/**
 * Programs as people write them, good and bad.
 * @param word stands in the command line of everything that should not survive its job, and nowhere else on the machine
 */
export function chaosPrograms(word: string): readonly Program[] {
  return [
    { name: "quick", command: ["/bin/echo", "quick"], expected: "success", holds: "quick", share: 60 },
    { name: "slow", command: ["/bin/sleep", "0.7"], expected: "success", share: 12 },
    {
      name: "fails",
      command: shell("exit 3"),
      more: "retries: 1\n",
      expected: "failed",
      holds: 'code="program-failed"',
      share: 8,
    },
    {
      // Children and grandchildren in its group, in sessions of their own, and orphaned with nothing of ours.
      name: "forks",
      command: shell(
        `sleep ${word} & (setsid sleep ${word} &)`,
        `(cd / && env -i setsid sleep ${word} </dev/null >/dev/null 2>&1 &)`,
        "echo forked",
      ),
      expected: "success",
      holds: "forked",
      share: 8,
    },
    {
      // Its stdout is held open, and written to, by somebody who outlives it.
      name: "leaks",
      command: shell(`setsid sh -c 'while echo x; do sleep 0.1; done; : ${word}' &`, "echo leaked"),
      expected: "success",
      holds: "leaked",
      share: 4,
    },
    {
      name: "floods",
      command: shell("head -c 2000000 /dev/zero | tr '\\0' x"),
      more: "result: {kind: text, max_bytes: 20000}\n",
      expected: "success",
      holds: 'truncated="true"',
      share: 3,
    },
    {
      name: "fills",
      command: shell("n=0; while head -c 1048576 /dev/zero >$n; do n=$((n + 1)); done"),
      more: "retries: 0\nlimits: {disk_bytes: 4MiB}\n",
      expected: "failed",
      holds: 'code="disk-exceeded"',
      share: 2,
    },
    {
      name: "stubborn",
      command: shell(`trap '' TERM; sleep ${word}`),
      more: "retries: 0\ntimeout_s: 1\n",
      expected: "failed",
      holds: 'code="program-deadline"',
      share: 1,
    },
  ];
}

export async function writeServices(folder: string, programs: readonly Program[]): Promise<void> {
  for (const { name, command, more = "" } of programs) {
    await mkdir(`${folder}/${name}`, { recursive: true });
    const result = more.includes("result:") ? "" : "result: {kind: text}\n";
    const head = `name: ${name}\nversion: 1.0.0\nsummary: chaos\nmode: oneshot\n`;
    const text = `${head}command: ${JSON.stringify(command)}\ninput: {types: []}\n${result}${more}`;
    await writeFile(`${folder}/${name}/service.yaml`, text);
  }
}

/** One of them, each as often as its share says. */
export function pickProgram(programs: readonly Program[], random: Random): Program {
  let left = random.next() * programs.reduce((sum, { share }) => sum + share, 0);
  const found = programs.find(({ share }) => (left -= share) < 0) ?? programs[0];
  if (found === undefined) throw new Error("There is no program to pick from.");
  return found;
}
