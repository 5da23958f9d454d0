import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Cloud {
  endpoint: string;
  /** What its clients need in their environment. */
  settings: Record<string, string>;
  end(): Promise<void>;
}

/**
 * The embedded cloud as a process of its own.
 * @param drover a program and its first arguments
 * @param nasty SEED:PROFILE of its nasty mode; well-behaved without
 */
export async function startCloud(
  drover: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  nasty?: string,
): Promise<Cloud> {
  const run = (args: readonly string[]) => {
    const [program = "", ...first] = drover;
    // A group of its own: Ctrl-C is for whoever plays, who still needs the cloud to judge.
    return spawn(program, [...first, "cloud", ...args, "--dir", folder], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
  };
  const cloud = run(nasty === undefined ? [] : ["--nasty", nasty]);
  process.once("exit", () => cloud.kill("SIGKILL"));
  const endpoint = await firstLine(cloud, /"endpoint":"([^"]+)"/);
  const settings: Record<string, string> = {};
  const told = run(["env"]);
  for await (const line of createInterface({ input: told.stdout })) {
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings[name] = value;
  }
  return {
    endpoint,
    settings,
    end: async () => {
      const gone = once(cloud, "exit");
      cloud.kill("SIGTERM");
      await gone;
    },
  };
}

async function firstLine({ stdout }: ChildProcess, pattern: RegExp): Promise<string> {
  if (stdout === null) throw new Error("The cloud's output is not read.");
  for await (const line of createInterface({ input: stdout })) {
    const found = pattern.exec(line)?.[1];
    if (found === undefined) continue;
    stdout.resume(); // a full pipe would hold it up
    return found;
  }
  throw new Error("The cloud ended without saying where it is.");
}
