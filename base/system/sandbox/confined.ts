import { chmod, chown, lchown } from "node:fs/promises";
import { constants } from "node:os";
import type { Bounds, Exceeded, ProcessExit } from "../../processes.ts";
import { descendantsOf, outOfMemoryKills } from "./proc.ts";
import type { FirstEnd, Running } from "./running.ts";
import type { Sandbox } from "./sandbox.ts";
import { endAll, signal, survivors, until } from "./survivors.ts";
import { Watch } from "./watch.ts";

type Ending = Pick<ProcessExit, "code" | "signal" | "exceeded" | "notStarted">;

/** One program in its sandbox, from start to the end of the last thing it started. */
export class Confined {
  readonly #sandbox: Sandbox;
  readonly #bounds: Bounds;
  readonly #uid: number | undefined;
  readonly #running: Running;
  readonly #oomKillsBefore = outOfMemoryKills();
  #watch: Watch | undefined;
  #status = "";
  #killed = false;
  /** It is to be ended as soon as there is something to end. */
  #doomed = false;

  constructor(sandbox: Sandbox, bounds: Bounds, uid: number | undefined, running: Running) {
    this.#sandbox = sandbox;
    this.#bounds = bounds;
    this.#uid = uid;
    this.#running = running;
    running.status?.setEncoding("latin1").on("data", (text: string) => {
      this.#status += text;
      if (this.#doomed) this.#end();
    });
    running.status?.on("error", () => undefined); // it is closed when the sandbox is gone
  }

  /** The program begins: from here on its use of the machine is looked at. */
  begin(): void {
    this.#watch = new Watch(
      () => this.#running.first(),
      this.#bounds,
      () => this.#end(),
    );
  }

  /** Asks the program and what it started to end. */
  terminate(): void {
    const helpers = this.#running.line();
    const [first] = helpers;
    if (first === undefined || this.#running.init() === undefined) return this.#running.signal("SIGTERM");
    for (const it of descendantsOf(first)) if (!helpers.includes(it)) signal(it, "SIGTERM");
  }

  /** Ends all of it by force: how it ended then says nothing about the program. */
  kill(): void {
    this.#killed = true;
    this.#end();
  }

  #end(): void {
    this.#doomed = true;
    const found = [this.#running.first(), this.#running.init()].filter((it) => it !== undefined);
    const all = new Set(found.flatMap((it) => [it, ...descendantsOf(it)]));
    this.#running.signal("SIGKILL");
    for (const pid of all) signal(pid, "SIGKILL");
  }

  /** What the end of the first process means, once nothing of the job is left. */
  async ended({ code, signal: by }: FirstEnd): Promise<Ending> {
    await until(() => this.#running.initIsOver());
    const ending =
      this.#running.status === undefined ? this.#fromFirst(code, by) : this.#fromStatus(code, by);
    const forced = this.#wasEnded || ending.notStarted !== undefined;
    // A sandbox that was ended while it was being set up may have left a part of it behind.
    if (forced || this.#sandbox.kind === "process-group") await this.#sweep();
    await this.#watch?.stop();
    if (this.#uid !== undefined) {
      await takeBack(this.#sandbox, this.#bounds);
      this.#sandbox.users?.giveBack(this.#uid);
    }
    const exceeded = this.#exceeded(ending.signal);
    return exceeded === undefined ? ending : { ...ending, exceeded };
  }

  async #sweep(): Promise<void> {
    const uid = this.#uid;
    const { folder } = this.#bounds;
    await endAll(() => survivors(`${folder}/`, (it) => it === uid, this.#running.around()));
  }

  #fromFirst(code: number | null, by: string | null): Ending {
    return this.#sandbox.kind === "pid-namespace" && by === null ? told(Number(code)) : { code, signal: by };
  }

  /** Only when the program had been started it is said how it ended. */
  #fromStatus(code: number | null, by: string | null): Ending {
    const [, reported] = /"exit-code": (\d+)/.exec(this.#status) ?? [];
    if (reported === undefined) {
      if (by !== null) return { code, signal: by };
      if (this.#wasEnded || this.#ranOutOfMemory()) return { code: null, signal: "SIGKILL" };
      return { code, signal: by, notStarted: `its sandbox could not be set up` };
    }
    return told(Number(reported));
  }

  #exceeded(by: string | null): Exceeded | undefined {
    if (this.#watch?.exceeded !== undefined) return this.#watch.exceeded;
    if (by === "SIGXFSZ") return "disk";
    return by === "SIGKILL" && !this.#killed && this.#ranOutOfMemory() ? "memory" : undefined;
  }

  /** By us, as the agent wished or for a bound that was broken. */
  get #wasEnded(): boolean {
    return this.#killed || this.#watch?.exceeded !== undefined;
  }

  #ranOutOfMemory(): boolean {
    const kills = outOfMemoryKills();
    return kills !== undefined && kills > (this.#oomKillsBefore ?? kills);
  }
}

/**
 * Gives the job's files to its user, who cannot reach them otherwise. In bubblewrap each program sees its own folders
 * alone; elsewhere it has to pass through the job's folder, and other jobs' users must not.
 */
export async function handOver({ kind }: Sandbox, bounds: Bounds, uid: number): Promise<void> {
  const { folder, writable, input } = bounds;
  await Promise.all([
    ...(kind === "bubblewrap" ? [] : [chown(folder, 0, uid).then(() => chmod(folder, 0o710))]),
    ...[...writable, ...(input === undefined ? [] : [input])].map((path) => lchown(path, uid, uid)),
  ]);
}

/** The next program may run as the same user, while this job's results are still being read. */
async function takeBack({ kind }: Sandbox, { folder }: Bounds): Promise<void> {
  if (kind === "bubblewrap") return;
  await chmod(folder, 0o700);
  await chown(folder, 0, 0);
}

/** Shells and bubblewrap say 128 + n for signal n. */
function told(code: number): Ending {
  const name = code > 128 ? signalName(code - 128) : undefined;
  return name === undefined ? { code, signal: null } : { code: null, signal: name };
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
