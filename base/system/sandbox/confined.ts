import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { chmod, chown, lchown } from "node:fs/promises";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { Bounds, Exceeded, ProcessExit } from "../../processes.ts";
import { descendantsOf, lineBelow, outOfMemoryKills } from "./proc.ts";
import type { Sandbox } from "./sandbox.ts";
import { endAll, over, signal, survivors } from "./survivors.ts";
import { Watch } from "./watch.ts";

type Ending = Pick<ProcessExit, "code" | "signal" | "exceeded" | "notStarted">;

/** The process that was started for a program, and what is known of those below it. */
export interface StartedChild {
  pid: number;
  status: Readable | undefined;
  initDepth: number | undefined;
}

/** When memory is short, the kernel shall end the job's processes and not the agent. */
const OOM_SCORE_ADJ = "500";

/** One program in its sandbox, from start to the end of the last thing it started. */
export class Confined {
  readonly #sandbox: Sandbox;
  readonly #bounds: Bounds;
  readonly #uid: number | undefined;
  readonly #child: StartedChild;
  readonly #signalGroup: (signal: "SIGTERM" | "SIGKILL") => void;
  readonly #watch: Watch;
  readonly #oomKillsBefore = outOfMemoryKills();
  /** The first process of the job's namespace. */
  #init: number | undefined;
  #status = "";
  #killed = false;

  constructor(
    sandbox: Sandbox,
    bounds: Bounds,
    uid: number | undefined,
    child: StartedChild,
    signalGroup: (signal: "SIGTERM" | "SIGKILL") => void,
  ) {
    this.#sandbox = sandbox;
    this.#bounds = bounds;
    this.#uid = uid;
    this.#child = child;
    this.#signalGroup = signalGroup;
    this.#watch = new Watch(child.pid, bounds, () => this.#end());
    preferForOutOfMemory(child.pid); // what it starts inherits that
    child.status?.setEncoding("latin1").on("data", (text: string) => {
      this.#status += text;
      this.#findInit();
    });
    child.status?.on("error", () => undefined); // it is closed when the sandbox is gone
  }

  /** Asks the program and what it started to end. */
  terminate(): void {
    const { pid, initDepth } = this.#child;
    this.#findInit();
    if (initDepth === undefined || this.#init === undefined) return this.#signalGroup("SIGTERM");
    const helpers = [pid, ...lineBelow(pid, initDepth)];
    // bubblewrap's first process is its own, unshare's is the program.
    if (this.#sandbox.kind === "pid-namespace") helpers.pop();
    for (const it of descendantsOf(pid)) if (!helpers.includes(it)) signal(it, "SIGTERM");
  }

  /** Ends all of it by force: how it ended then says nothing about the program. */
  kill(): void {
    this.#killed = true;
    this.#end();
  }

  #end(): void {
    this.#findInit(); // afterwards nobody knows it any more
    const all = descendantsOf(this.#child.pid);
    this.#signalGroup("SIGKILL");
    for (const pid of all) signal(pid, "SIGKILL");
  }

  /** What the end of the first process means, once nothing of the job is left. */
  async ended(code: number | null, by: string | null): Promise<Ending> {
    if (this.#init !== undefined) await over(this.#init);
    const ending = this.#sandbox.kind === "bubblewrap" ? this.#fromStatus(code, by) : { code, signal: by };
    const forced = this.#killed || this.#watch.exceeded !== undefined || ending.notStarted !== undefined;
    // A sandbox that was ended while it was being set up may have left a part of it behind.
    if (forced || this.#sandbox.kind === "process-group") await this.#sweep();
    await this.#watch.stop();
    if (this.#uid !== undefined) {
      await takeBack(this.#bounds);
      this.#sandbox.users?.giveBack(this.#uid);
    }
    const exceeded = this.#exceeded(ending.signal);
    return exceeded === undefined ? ending : { ...ending, exceeded };
  }

  #findInit(): void {
    const { pid, initDepth } = this.#child;
    if (initDepth !== undefined) this.#init ??= lineBelow(pid, initDepth)[initDepth - 1];
  }

  async #sweep(): Promise<void> {
    const uid = this.#uid;
    await endAll(() => survivors(`${this.#bounds.folder}/`, (it) => it === uid));
  }

  /** bubblewrap says how the program ended only when it had started it, and 128 + n for signal n. */
  #fromStatus(code: number | null, by: string | null): Ending {
    const [, reported] = /"exit-code": (\d+)/.exec(this.#status) ?? [];
    if (reported === undefined) {
      if (by !== null || this.#killed || this.#watch.exceeded !== undefined) return { code, signal: by };
      return { code, signal: by, notStarted: `its sandbox could not be set up` };
    }
    const name = Number(reported) > 128 ? signalName(Number(reported) - 128) : undefined;
    return name === undefined ? { code: Number(reported), signal: null } : { code: null, signal: name };
  }

  #exceeded(by: string | null): Exceeded | undefined {
    if (this.#watch.exceeded !== undefined) return this.#watch.exceeded;
    if (by === "SIGXFSZ") return "disk";
    if (by !== "SIGKILL" || this.#killed) return undefined;
    const kills = outOfMemoryKills();
    return kills !== undefined && kills > (this.#oomKillsBefore ?? kills) ? "memory" : undefined;
  }
}

/** Gives the job's files to its user, who cannot reach them otherwise; other jobs' users stay out of the folder. */
export async function handOver(bounds: Bounds, uid: number): Promise<void> {
  await Promise.all([
    chown(bounds.folder, 0, uid).then(() => chmod(bounds.folder, 0o710)),
    ...bounds.writable.map((path) => lchown(path, uid, uid)),
    ...(bounds.input === undefined ? [] : [lchown(bounds.input, uid, uid)]),
  ]);
}

/** The next program may run as the same user, while this job's results are still being read. */
async function takeBack({ folder }: Bounds): Promise<void> {
  await chmod(folder, 0o700);
  await chown(folder, 0, 0);
}

export function statusOf(child: ChildProcess, fd: number | undefined): Readable | undefined {
  return fd === undefined ? undefined : ((child.stdio[fd] ?? undefined) as Readable | undefined);
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

function preferForOutOfMemory(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE_ADJ);
  } catch {
    // It has ended already.
  }
}
