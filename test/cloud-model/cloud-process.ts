import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent } from "node:http";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "cloud-child.ts");

/** Where requests go now. Changes with every start. */
export interface Address {
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  agent: Agent;
}

/** One cloud after another on the same folder, each going on with the clock of the one before. */
export class CloudProcess {
  readonly #dir: string;
  #child: ChildProcess | undefined;
  #address: Address | undefined;
  now = Date.now();
  /** True from the moment a kill was decided until the next start: then a request may fail. */
  dying = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  get address(): Address {
    if (this.#address === undefined) throw new Error("the cloud is not running");
    return this.#address;
  }

  async start(): Promise<void> {
    this.#child = fork(PROGRAM, [this.#dir, String(this.now)], { execArgv: [] });
    const exited = once(this.#child, "exit").then(([code]) => {
      throw new Error(`the cloud ended with ${code} before it was ready`);
    });
    const [ready] = (await Promise.race([once(this.#child, "message"), exited])) as [Omit<Address, "agent">];
    exited.catch(() => undefined);
    this.dying = false;
    this.#address = { ...ready, agent: new Agent({ keepAlive: true }) };
  }

  async advance(ms: number): Promise<void> {
    const answered = once(this.#running(), "message");
    this.#running().send({ advanceMs: ms });
    await answered;
    this.now += ms;
  }

  /** An orderly end, or kill -9. */
  async end(how: "orderly" | "kill"): Promise<void> {
    const child = this.#running();
    const exited = once(child, "exit");
    this.dying = true;
    if (how === "kill") child.kill("SIGKILL");
    else child.send("end");
    await exited;
    this.#address?.agent.destroy();
    this.#child = undefined;
  }

  #running(): ChildProcess {
    if (this.#child === undefined) throw new Error("the cloud is not running");
    return this.#child;
  }
}
