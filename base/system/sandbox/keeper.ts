import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { childrenOf } from "./proc.ts";
import type { Sandbox } from "./sandbox.ts";

/** A machine that is busy takes a while to start two small programs. */
const LONGEST_OPEN_MS = 10_000;

/** Programs, absolute. */
export interface KeeperTools {
  unshare: string;
  nsenter: string;
  cat: string;
}

/**
 * A process namespace that lives as long as this process, however that ends: its first process is cat(1), which reads a
 * pipe that only this process holds. When the pipe closes, cat ends, and the kernel ends everything in the namespace.
 * Programs are started in there. The usual wish to die with the parent (PR_SET_PDEATHSIG) is made by each child itself,
 * and comes too late when the parent dies first: bubblewrap killed while it starts leaves a program behind.
 */
export class Keeper {
  readonly #tools: KeeperTools;
  #cat: ChildProcess | undefined;
  #opening: Promise<void> | undefined;
  #namespaces: { name: string; fd: number }[] = [];

  constructor(tools: KeeperTools) {
    this.#tools = tools;
  }

  /** Makes the namespace, once, and again should its first process have been killed. Rejects with the reason. */
  async ready(): Promise<void> {
    if (this.#cat?.exitCode === null && this.#cat.signalCode === null) return await this.#opening;
    this.close();
    this.#opening = this.#open();
    await this.#opening;
  }

  /** Arguments that start what follows in there. @param own which of its namespaces to enter */
  enter(own: readonly ("user" | "pid" | "mnt")[]): string[] {
    const wanted = this.#namespaces.filter(({ name }) => own.some((it) => it === name));
    return [
      this.#tools.nsenter,
      // By a descriptor of this process: without it there is nothing to enter.
      ...wanted.map(({ name, fd }) => `--${OPTIONS[name] ?? name}=/proc/${process.pid}/fd/${fd}`),
      "--preserve-credentials",
      "--",
    ];
  }

  close(): void {
    for (const { fd } of this.#namespaces) closeSync(fd);
    this.#namespaces = [];
    this.#cat?.stdin?.destroy();
  }

  async #open(): Promise<void> {
    const { unshare, cat } = this.#tools;
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-current-user"];
    const child = spawn(unshare, [...user, "--pid", "--fork", "--mount-proc", "--", cat], {
      cwd: "/",
      env: {},
      detached: true, // Ctrl-C is for this process to act on
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#cat = child;
    await echoes(child);
    const [first] = childrenOf(child.pid ?? 0);
    if (first === undefined) throw new Error("its first process has gone");
    const names = user.length === 0 ? ["pid", "mnt"] : ["user", "pid", "mnt"];
    this.#namespaces = names.map((name) => ({ name, fd: openSync(`/proc/${first}/ns/${name}`, "r") }));
    // It is there for as long as this process, and no reason for it to stay.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket).unref();
  }
}

const OPTIONS: Record<string, string> = { mnt: "mount" };

/** Resolves when cat runs, which it shows by handing back what it is given. */
function echoes(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_OPEN_MS);
    child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
    child.stdout?.once("data", () => {
      clearTimeout(timer);
      resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(said.trim() || "it ended at once")));
    child.stdin?.on("error", () => undefined); // its end says more
    child.stdin?.write("\n");
  });
}

/** The sandbox, within the keeper's namespace. @param own the namespaces to enter, beside the user's */
export function kept(sandbox: Sandbox, keeper: Keeper, own: readonly ("pid" | "mnt")[]): Sandbox {
  return {
    ...sandbox,
    ready: () => keeper.ready(),
    close: () => keeper.close(),
    launch: (argv, options, uid) => {
      const { initDepth, ...launch } = sandbox.launch(argv, options, uid);
      return {
        ...launch,
        argv: [...keeper.enter(["user", ...own]), ...launch.argv],
        ...(initDepth === undefined ? {} : { initDepth: initDepth + 1 }),
      };
    },
  };
}
