import type { InstanceView } from "../snapshot.ts";
import type { Chance } from "./chance.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One simulated instance: what the policy sees of it, and what only the simulator knows. */
export interface Host {
  /** Number in the order of launching; never used again. */
  number: number;
  pool: number;
  view: Writable<InstanceView>;
  /** The jobs it runs; the first `view.inFlight` entries count. */
  jobs: Int32Array;
  /** Position in the list of hosts that can take a job; -1 when it cannot. */
  openAt: number;
  listAt: number;
  endedAtS?: number;
}

/** The instances that exist, and which of them can take a job. Every operation takes constant time. */
export class Fleet {
  readonly hosts: Host[] = [];
  /** What a policy sees; the same objects all the time, changed in place. */
  readonly views: InstanceView[] = [];
  readonly #alive: Host[] = [];
  readonly #open: Host[] = [];
  readonly #byId = new Map<string, Host>();
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get alive(): readonly Host[] {
    return this.#alive;
  }

  find(id: string): Host | undefined {
    return this.#byId.get(id);
  }

  launch(pool: number, poolName: string, slots: number, atS: number): Host {
    const number = this.hosts.length;
    // Every field from the start, and none ever deleted: objects that change their shape are ten times slower to read.
    const view: Host["view"] = {
      id: `i-${number}`,
      pool: poolName,
      state: "booting",
      launchedAtS: atS,
      readyAtS: undefined,
      cordonedAtS: undefined,
      noticeAtS: undefined,
      slots,
      inFlight: 0,
      idleSinceS: undefined,
    };
    const host: Host = {
      number,
      pool,
      view,
      jobs: new Int32Array(slots),
      openAt: -1,
      listAt: this.#alive.length,
    };
    this.hosts.push(host);
    this.#alive.push(host);
    this.views.push(view);
    this.#byId.set(view.id, host);
    return host;
  }

  /** It has come up. One that was cordoned meanwhile takes no job. */
  booted(host: Host, atS: number): void {
    host.view.readyAtS = atS;
    host.view.idleSinceS = atS;
    if (host.view.state === "booting") this.ready(host, atS);
  }

  /** Takes jobs from now on, or once it has come up. */
  ready(host: Host, atS: number): void {
    host.view.state = host.view.readyAtS === undefined ? "booting" : "ready";
    host.view.cordonedAtS = undefined;
    if (host.view.state === "booting") return;
    if (host.view.inFlight === 0) host.view.idleSinceS ??= atS;
    if (host.view.inFlight < host.view.slots) this.#offer(host);
  }

  cordon(host: Host, atS: number): void {
    host.view.state = "cordoned";
    host.view.cordonedAtS ??= atS;
    this.#withdraw(host);
  }

  remove(host: Host, atS: number): void {
    this.#withdraw(host);
    host.endedAtS = atS;
    this.#byId.delete(host.view.id);
    const last = this.#alive.pop() as Host;
    this.views.pop();
    if (last === host) return;
    this.#alive[host.listAt] = last;
    this.views[host.listAt] = last.view;
    last.listAt = host.listAt;
  }

  /**
   * A host with a free slot, by chance: agents wait in long polls, and the queue answers any of them.
   * Undefined when every slot is taken.
   */
  pickOpen(): Host | undefined {
    return this.#open[Math.floor(this.#chance() * this.#open.length)];
  }

  start(host: Host, job: number): void {
    const { view } = host;
    host.jobs[view.inFlight++] = job;
    view.idleSinceS = undefined;
    if (view.inFlight === view.slots) this.#withdraw(host);
  }

  /** False when the host does not run the job any more. */
  finish(host: Host, job: number, atS: number): boolean {
    const { view } = host;
    // A loop, since tens of millions of jobs end here and a view of the array for each is slow.
    let at = view.inFlight - 1;
    while (at >= 0 && host.jobs[at] !== job) at--;
    if (at === -1 || host.endedAtS !== undefined) return false;
    view.inFlight--;
    host.jobs[at] = host.jobs[view.inFlight] as number;
    if (view.inFlight === 0) view.idleSinceS = atS;
    if (view.state === "ready" && host.openAt === -1) this.#offer(host);
    return true;
  }

  #offer(host: Host): void {
    if (host.openAt !== -1) return;
    host.openAt = this.#open.length;
    this.#open.push(host);
  }

  #withdraw(host: Host): void {
    if (host.openAt === -1) return;
    const last = this.#open.pop() as Host;
    if (last !== host) {
      this.#open[host.openAt] = last;
      last.openAt = host.openAt;
    }
    host.openAt = -1;
  }
}
