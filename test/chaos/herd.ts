import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Random } from "../../base/random.ts";
import { type KillingProxy, type Mischief, startKillingProxy } from "./killing-proxy.ts";
import type { Witness } from "./witness.ts";

interface Agent {
  child: ChildProcess;
  proxy: KillingProxy;
  folder: string;
  busy: boolean;
  /** Since it was last started. */
  calls: number;
}

export interface HerdOptions {
  folder: string;
  env: NodeJS.ProcessEnv;
  /** How the command is started: a program and its first arguments. */
  drover: readonly string[];
  endpoint: string;
  random: Random;
  witness: Witness;
  /** How many kills there may have been by now. */
  mayHaveKilled: () => number;
}

/** The exit code of an agent that could not reach what it needs at its start: a service manager tries again. */
const UNAVAILABLE = 69;
/** Longer than a lease, so that a continued agent finds its jobs with others. */
const STOP_MS = 6_000;
/** Stops among the deaths; while it is stopped an agent does nothing for the run. */
const STOPS = 0.07;
const DROPS = 0.02;
/** Of the calls of an agent while the killing is behind its plan: a little, so that it falls anywhere. */
const KILLS = 0.03;
/** An agent makes so many calls before it has work; deaths among them are fewer, since no job is at stake. */
const CALLS_OF_A_START = 8;
const KILLS_AT_START = 0.005;

/** Several agents, each behind a proxy of its own; whoever is killed is started again at once. */
export class Herd {
  /** Agents that ended by themselves: there must be none. */
  readonly crashes: string[] = [];
  readonly #agents: Agent[] = [];
  readonly #options: HerdOptions;
  #nasty = true;
  #ending = false;

  constructor(options: HerdOptions) {
    this.#options = options;
    process.once("exit", () => {
      for (const { child } of this.#agents) child.kill("SIGKILL");
    });
  }

  async start(count: number): Promise<void> {
    const { witness, endpoint } = this.#options;
    for (let i = 0; i < count; i++) {
      const proxy = await startKillingProxy(endpoint, {
        choose: () => this.#mischief(i),
        kill: () => void this.#kill(i),
        onCall: (call) => {
          const agent = this.#agents[i];
          if (agent !== undefined) agent.calls++;
          witness.saw(i, call);
        },
        onRefusal: () => witness.trouble(i, "refused"),
      });
      const folder = `${this.#options.folder}/agent-${i}`;
      const agent = { child: this.#launch(proxy, folder), proxy, folder, busy: false, calls: 0 };
      this.#agents.push(agent);
      this.#watch(agent);
    }
  }

  /** From now on nothing is done to anybody. */
  behave(): void {
    this.#nasty = false;
  }

  /** Drains every agent; resolves to what they left behind that should not be there. */
  async end(word: string): Promise<{ processes: string[]; files: string[] }> {
    this.#ending = true;
    for (const { child } of this.#agents) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    await Promise.all(this.#agents.map(({ child }) => gone(child)));
    for (const { proxy } of this.#agents) proxy.close();
    return {
      processes: survivors(this.#options.folder, word),
      files: this.#agents.flatMap(({ folder }) => filesIn(`${folder}/jobs`)),
    };
  }

  #launch(proxy: KillingProxy, folder: string): ChildProcess {
    const { env, folder: root, drover } = this.#options;
    const [program = "", ...first] = drover;
    const places = ["--work-dir", folder, "--services", `${root}/services`];
    const args = [...first, "agent", "--slots", "2", "--visibility-timeout-s", "4", ...places];
    const log = openSync(`${folder}.log`, "a");
    const child = spawn(program, args, {
      env: { ...env, AWS_ENDPOINT_URL: proxy.origin, DROVER_STATUS_PERIOD_S: "10" },
      stdio: ["ignore", log, log],
      detached: true, // Ctrl-C is for whoever plays
    });
    closeSync(log);
    return child;
  }

  /** Starts an agent again that could not begin its work, and notes one that ended for another reason of its own. */
  #watch(agent: Agent): void {
    const { child } = agent;
    child.once("exit", (code, signal) => {
      if (signal === "SIGKILL" || this.#ending) return;
      if (code !== UNAVAILABLE) {
        this.crashes.push(`${agent.folder}: ${signal ?? code}\n${lastWords(`${agent.folder}.log`)}`);
      }
      agent.child = this.#launch(agent.proxy, agent.folder);
      this.#watch(agent);
    });
  }

  #mischief(i: number): Mischief {
    if (!this.#nasty) return undefined;
    const { random, witness, mayHaveKilled } = this.#options;
    const fate = random.next();
    const calls = this.#agents[i]?.calls ?? 0;
    const kills = calls < CALLS_OF_A_START ? KILLS_AT_START : KILLS;
    if (fate < DROPS) {
      witness.trouble(i, "cut");
      return fate < DROPS / 2 ? "drop-before" : "drop-after";
    }
    if (fate > DROPS + kills || witness.counts.killed >= mayHaveKilled()) return undefined;
    return fate < DROPS + kills / 2 ? "kill-before" : "kill-after";
  }

  async #kill(i: number): Promise<void> {
    const agent = this.#agents[i];
    const { random, witness } = this.#options;
    if (agent === undefined || agent.busy || !this.#nasty) {
      witness.trouble(i, "cut"); // its connection has gone all the same
      return;
    }
    agent.busy = true;
    if (random.next() < STOPS) {
      witness.trouble(i, "stopped");
      agent.child.kill("SIGSTOP");
      await new Promise((done) => setTimeout(done, STOP_MS));
      agent.child.kill("SIGCONT");
      witness.trouble(i, "cut"); // nothing that it asked before is answered in time
    } else {
      witness.trouble(i, "killed");
      agent.child.kill("SIGKILL");
      await gone(agent.child);
      agent.calls = 0;
      agent.child = this.#launch(agent.proxy, agent.folder);
      this.#watch(agent);
    }
    agent.busy = false;
  }
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Processes that work in an agent's folder, or have the word in their command line: nobody but a job's program does. */
function survivors(folder: string, word: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      const isOurs =
        command.includes(word) || readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/agent-`);
      return isOurs ? [`${pid} ${command}`] : [];
    } catch {
      return []; // gone meanwhile, or a kernel thread
    }
  });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function lastWords(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-2_000);
  } catch {
    return "";
  }
}
