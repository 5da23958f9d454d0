import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { Channel } from "./channel.ts";
import { inherited, withNothing } from "./inherited.ts";
import { keptRunning } from "./kept.ts";
import { PipeFolder } from "./pipe-folder.ts";
import type { PreparedRoot } from "./prepared-root.ts";
import { childrenOf } from "./proc.ts";
import type { Begun, Launch, Starter } from "./sandbox.ts";
import { STARTER_SCRIPT } from "./starter-script.ts";

/** A machine that is busy takes a while to start two small programs. */
const LONGEST_OPEN_MS = 10_000;

/** Programs, absolute. */
export interface KeeperTools {
  unshare: string;
  bash: string;
  env: string;
}

/**
 * A process namespace that lives as long as this process, however that ends: its first process reads a pipe that only
 * this process holds. When the pipe closes, it ends, and the kernel ends everything in the namespace. Programs are started
 * in there, and by it: a process as large as this one would take milliseconds for each. The usual wish to die with the
 * parent (PR_SET_PDEATHSIG) is made by each child itself, and comes too late when the parent dies first: bubblewrap
 * killed while it starts leaves a program behind.
 */
export class Keeper implements Starter {
  readonly #tools: KeeperTools;
  readonly #pipes: PipeFolder;
  readonly #prepared: PreparedRoot | undefined;
  #starter: ChildProcess | undefined;
  #opening: Promise<void> | undefined;
  /** The first process of the namespace. */
  #first = 0;
  readonly #free: number[] = [];
  #channels = 0;
  readonly #busy = new Map<number, Channel>();
  readonly #answers = new Map<string, (answer: string) => void>();

  /**
   * @param workDir where it notes the folder of its pipes, which close() removes
   * @param prepared what is mounted in the namespace before its first `exec`
   */
  constructor(tools: KeeperTools, workDir: string, prepared?: PreparedRoot) {
    this.#tools = tools;
    this.#prepared = prepared;
    this.#pipes = new PipeFolder(workDir);
  }

  /** Makes the namespace, once, and again should its first process have been killed. Rejects with the reason. */
  async ready(): Promise<void> {
    if (this.#starter?.exitCode === null && this.#starter.signalCode === null) return await this.#opening;
    this.close();
    this.#opening = this.#open();
    await this.#opening;
  }

  async begin(launch: Launch, cwd: string): Promise<Begun> {
    const env = Object.entries(launch.env).map(([name, value]) => `${name}=${value}`);
    const argv = env.length === 0 ? launch.argv : [this.#tools.env, "-i", ...env, ...launch.argv];
    const words = [cwd, launch.file?.path ?? "", launch.limits ?? "", ...argv];
    const [n, channel] = await this.#openChannel(words, launch.more ?? []);
    const reportsItself = launch.statusFd !== undefined;
    this.#starter?.stdin?.write(`${reportsItself ? "exec" : "wait"} ${n}\n`);
    // Where the shell waits to report it stands above.
    const initDepth = launch.initDepth === undefined ? undefined : launch.initDepth + (reportsItself ? 0 : 1);
    return Object.assign(keptRunning(channel, this.#first, initDepth), { go: () => channel.go() });
  }

  close(): void {
    this.#starter?.stdin?.destroy();
    this.#starter = undefined; // it has a moment to live, and must not be taken for one that starts programs
    this.#forsake();
    this.#busy.clear();
    this.#free.length = 0;
    this.#pipes.remove();
  }

  #release(n: number, channel: Channel): void {
    if (this.#busy.get(n) !== channel) return; // closed meanwhile
    this.#busy.delete(n);
    if (channel.isDrained) this.#free.push(n);
    else channel.removeFiles();
  }

  async #openChannel(words: readonly string[], more: readonly string[]): Promise<[number, Channel]> {
    const n = this.#free.pop() ?? (await this.#makeChannel());
    const channel = new Channel(`${this.#pipes.path}/${n}`, words, more);
    this.#busy.set(n, channel);
    void channel.closed.then(() => this.#release(n, channel));
    return [n, channel];
  }

  async #makeChannel(): Promise<number> {
    const n = ++this.#channels;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#answers.set(String(n), resolve);
    // Nothing else may keep this process from ending while it waits.
    const answers = this.#starter?.stdout as Socket | undefined;
    answers?.ref();
    this.#starter?.stdin?.write(`make ${n}\n`);
    const answer = await promise;
    if (this.#answers.size === 0) answers?.unref();
    if (answer !== "made") throw new Error(`no pipes could be made in ${this.#pipes.path}`);
    return n;
  }

  async #open(): Promise<void> {
    this.#pipes.make();
    this.#prepared?.make();
    const { unshare, bash } = this.#tools;
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user"];
    const script = [
      bash,
      "--norc",
      "--noprofile",
      "-c",
      STARTER_SCRIPT,
      "starter",
      this.#pipes.real,
      this.#prepared?.folder ?? "",
    ];
    const child = withNothing((nothing) => {
      const stdio: ("pipe" | number)[] = ["pipe", "pipe", "pipe"];
      for (const fd of inherited()) stdio[fd] = nothing;
      return spawn(unshare, [...user, "--pid", "--fork", "--mount-proc", "--", ...script], {
        cwd: "/",
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
        detached: true, // Ctrl-C is for this process to act on
        stdio: Array.from(stdio, (it) => it ?? "ignore"),
      });
    });
    this.#starter = child;
    child.stdin?.on("error", () => undefined); // its end says more
    const gone = ended(child);
    void gone.catch(() => this.#lost(child));
    this.#heed(child);
    const n = await Promise.race([this.#makeChannel(), gone]);
    this.#free.push(n);
    [this.#first = 0] = childrenOf(child.pid ?? 0);
    if (this.#first === 0) throw new Error("its first process has gone");
    // It is there for as long as this process, and no reason for it to stay.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket).unref();
  }

  #heed(child: ChildProcess): void {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [answer = "", n = ""] = line.split(" ");
      this.#answers.get(n)?.(answer);
      this.#answers.delete(n);
      if (answer === "failed") this.#busy.get(Number(n))?.destroy();
    });
  }

  /** Whatever was in there has ended with it. */
  #lost(child: ChildProcess): void {
    if (this.#starter === child) this.#forsake();
  }

  #forsake(): void {
    for (const answer of this.#answers.values()) answer("failed");
    this.#answers.clear();
    for (const channel of this.#busy.values()) channel.destroy();
  }
}

/** Rejects when it has ended, or has not begun after a while. */
function ended(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    let said = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_OPEN_MS);
    child.stdout?.once("data", () => clearTimeout(timer));
    child.stderr?.on("data", (text: Buffer) => (said = `${said}${text.toString()}`.slice(-1_000)));
    child.once("error", reject);
    child.once("exit", () => {
      clearTimeout(timer);
      reject(new Error(said.trim() || "it ended at once"));
    });
  });
}
