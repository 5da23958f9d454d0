import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { type KillingProxy, type Mischief, startKillingProxy } from "./killing-proxy.ts";

const DROVER = resolve(import.meta.dirname, "../../bin/drover");

/** What was done to the agents, to be weighed against what arrived twice. */
export interface Deeds {
  kills: number;
  stops: number;
  drops: number;
  /** Agents that ended by themselves: there must be none. */
  crashes: string[];
}

interface Agent {
  child: ChildProcess;
  proxy: KillingProxy;
  folder: string;
  busy: boolean;
}

/** The exit code of an agent that could not reach what it needs at its start: a service manager tries again. */
const UNAVAILABLE = 69;
/** Longer than a lease, so that a continued agent finds its jobs with others. */
const STOP_MS = 6_000;

/** Several agents, each behind a proxy of its own; whoever is killed is started again at once. */
export class Herd {
  readonly deeds: Deeds = { kills: 0, stops: 0, drops: 0, crashes: [] };
  readonly #agents: Agent[] = [];
  readonly #options: {
    folder: string;
    env: NodeJS.ProcessEnv;
    endpoint: string;
    chance: () => number;
    maxKills: number;
  };
  #nasty = true;
  #ending = false;

  constructor(options: {
    folder: string;
    env: NodeJS.ProcessEnv;
    endpoint: string;
    chance: () => number;
    maxKills: number;
  }) {
    this.#options = options;
  }

  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const choose = () => this.#mischief();
      const proxy = await startKillingProxy(this.#options.endpoint, choose, () => void this.#kill(i));
      const folder = `${this.#options.folder}/agent-${i}`;
      const agent = { child: this.#launch(proxy, folder), proxy, folder, busy: false };
      this.#agents.push(agent);
      this.#watch(agent);
    }
  }

  /** From now on nothing is done to anybody. */
  behave(): void {
    this.#nasty = false;
  }

  get done(): boolean {
    return this.deeds.kills + this.deeds.stops >= this.#options.maxKills;
  }

  /** Drains every agent; resolves to what they left behind that should not be there. */
  async end(): Promise<{ processes: string[]; files: string[] }> {
    this.#ending = true;
    for (const { child } of this.#agents) {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
    }
    await Promise.all(this.#agents.map(({ child }) => gone(child)));
    for (const { proxy } of this.#agents) proxy.close();
    return {
      processes: processesBelow(this.#options.folder),
      files: this.#agents.flatMap(({ folder }) => filesIn(`${folder}/jobs`)),
    };
  }

  #launch(proxy: KillingProxy, folder: string): ChildProcess {
    const { env, folder: root } = this.#options;
    const args = [
      "agent",
      "--slots",
      "2",
      "--visibility-timeout-s",
      "4",
      "--work-dir",
      folder,
      "--services",
      `${root}/services`,
    ];
    return spawn(DROVER, args, {
      env: { ...env, AWS_ENDPOINT_URL: proxy.origin, DROVER_STATUS_PERIOD_S: "2" },
      stdio: "ignore",
    });
  }

  /** Starts an agent again that could not begin its work, and takes down one that ended for another reason of its own. */
  #watch(agent: Agent): void {
    const { child } = agent;
    child.once("exit", (code, signal) => {
      if (signal === "SIGKILL" || this.#ending) return;
      if (code !== UNAVAILABLE) this.deeds.crashes.push(`${agent.folder}: ${signal ?? code}`);
      agent.child = this.#launch(agent.proxy, agent.folder);
      this.#watch(agent);
    });
  }

  #mischief(): Mischief {
    if (!this.#nasty || this.done) return undefined;
    const fate = this.#options.chance();
    if (fate < 0.004) return "kill-before";
    if (fate < 0.008) return "kill-after";
    if (fate < 0.018) return this.#drop("drop-before");
    if (fate < 0.028) return this.#drop("drop-after");
    return undefined;
  }

  #drop(kind: Mischief): Mischief {
    this.deeds.drops++;
    return kind;
  }

  async #kill(i: number): Promise<void> {
    const agent = this.#agents[i];
    if (agent === undefined || agent.busy || !this.#nasty) return;
    agent.busy = true;
    if (this.#options.chance() < 0.15) {
      this.deeds.stops++;
      agent.child.kill("SIGSTOP");
      await new Promise((done) => setTimeout(done, STOP_MS));
      agent.child.kill("SIGCONT");
    } else {
      this.deeds.kills++;
      agent.child.kill("SIGKILL");
      await gone(agent.child);
      agent.child = this.#launch(agent.proxy, agent.folder);
      this.#watch(agent);
    }
    agent.busy = false;
  }
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** Processes that work in a folder below: nobody but a job's program does. */
function processesBelow(folder: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false; // gone meanwhile, or a kernel thread
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
