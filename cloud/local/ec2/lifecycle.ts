import { startImds, type RunningImds } from "../imds/server.ts";
import type { ImdsContext } from "../imds/state.ts";
import { wholeSeconds } from "../imds/tree.ts";
import type { Ec2Instance } from "./instance-table.ts";
import {
  clearAway,
  findMachine,
  folderOf,
  foldersIn,
  type Machine,
  scriptOf,
  signSite,
  type Site,
  startMachine,
} from "./machine.ts";
import { reasons } from "./reasons.ts";
import type { Ec2State } from "./state.ts";

interface Running {
  machine: Machine;
  imds: RunningImds;
}

/** Keeps what has been asked for a day after it could have mattered (EC2: "at least 24 hours"). */
const TOKENS_KEPT_MS = 48 * 3_600_000;
/** The longest that nothing is looked at; also what a timer can hold. */
const LONGEST_SLEEP_MS = 3_600_000;
const RETRY_MS = 1000; // a full disk, say: trying faster would not help

/**
 * What happens to instances over time:
 *
 *   pending → running → shutting-down → terminated → forgotten
 *                     ↘ stopping → stopped → shutting-down
 *   pending → shutting-down
 *
 * The rows say what should be; whatever they say is brought about here, again and again until it is so. So a cloud that
 * was killed at any moment goes on where it was.
 */
export class Lifecycle {
  readonly #state: Ec2State;
  readonly #imds: ImdsContext;
  readonly #site: Site;
  #started = false;
  readonly #running = new Map<string, Running>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #cancelTimer: () => void = () => undefined;

  /** @param folder where instances live */
  constructor(state: Ec2State, imds: ImdsContext, folder: string) {
    this.#state = state;
    this.#imds = imds;
    this.#site = { folder, endpoint: "" };
  }

  folderOf(id: string): string {
    return folderOf(this.#site, id);
  }

  /**
   * Finds the instances of the cloud that ran on this folder before, and ends what cannot be found again. Until then
   * nothing happens.
   * @param endpoint the cloud's own address
   */
  async start(endpoint: string): Promise<void> {
    this.#site.endpoint = endpoint;
    const { instances } = this.#state;
    const rows = instances.all();
    const alive = rows.filter((it) => ["running", "shutting-down", "stopping"].includes(it.state));
    if (rows.length > 0) await signSite(this.#site);
    for (const row of alive) {
      const running = await this.#find(row);
      if (running !== undefined) this.#keep(row.id, running);
      else if (row.state === "running") await this.#move(row.id, "shutting-down", reasons.lost);
    }
    for (const id of await foldersIn(this.#site)) {
      if (!this.#running.has(id)) await clearAway(this.#site, id);
    }
    this.#started = true;
    this.wake();
  }

  /** Does what is due. */
  wake(): void {
    if (!this.#started || this.#closing.signal.aborted) return;
    const { clock, instances, settings } = this.#state;
    const now = clock.now();
    let next = now + LONGEST_SLEEP_MS;
    for (const row of instances.all())
      next = Math.min(next, this.#step(row, now, settings.terminatedListedS * 1000));
    this.#cancelTimer();
    this.#cancelTimer = clock.after(Math.max(1, next - now), () => this.wake());
  }

  /** The address of an instance's metadata service; undefined when it has none now. */
  metadataEndpoint(id: string): string | undefined {
    return this.#running.get(id)?.imds.endpoint;
  }

  press(id: string): void {
    this.#running.get(id)?.machine.press();
  }

  /** Recommends a rebalance in the instance's metadata. */
  recommendRebalance(id: string): void {
    this.#running.get(id)?.imds.set({ rebalance: wholeSeconds(this.#state.clock.now()) });
  }

  /** Puts the notice of a reclaim, which the row has by now, into the instance's metadata. */
  announce(row: Ec2Instance): void {
    this.#running.get(row.id)?.imds.set(noticeOf(row));
  }

  /** Ends all instances at once: without their cloud they are nothing. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelTimer();
    await Promise.all(this.#busy.values());
    await Promise.all(
      this.#state.instances.all().map(async ({ id, state }) => {
        if (state === "terminated") return;
        await this.#destroy(id);
        await this.#move(id, "terminated", reasons.closed);
      }),
    );
  }

  /** Begins what one instance needs now. Returns when it is to be looked at again. */
  #step(row: Ec2Instance, now: number, listedMs: number): number {
    const { id, state, readyMs, reclaimMs = Number.POSITIVE_INFINITY, endedMs } = row;
    if (this.#busy.has(id)) return Number.POSITIVE_INFINITY;
    switch (state) {
      case "pending":
        if (now >= reclaimMs) this.#begin(id, () => this.#move(id, "shutting-down", reasons.reclaimed));
        else if (now < readyMs) return Math.min(readyMs, reclaimMs);
        else this.#begin(id, () => this.#start(id));
        return Number.POSITIVE_INFINITY;
      case "running":
        if (now < reclaimMs) return reclaimMs;
        this.#begin(id, () => this.#move(id, "shutting-down", reasons.reclaimed));
        return Number.POSITIVE_INFINITY;
      case "shutting-down":
      case "stopping":
        this.#begin(id, () => this.#end(id));
        return Number.POSITIVE_INFINITY;
      case "stopped":
        return Number.POSITIVE_INFINITY;
      case "terminated":
        if (now < (endedMs ?? now) + listedMs) return (endedMs ?? now) + listedMs;
        this.#begin(id, () => this.#forget(id));
        return Number.POSITIVE_INFINITY;
    }
  }

  #begin(id: string, work: () => Promise<void>): void {
    const done = work().then(
      () => {
        this.#busy.delete(id);
        this.wake();
      },
      (error: unknown) => {
        this.#state.report(error);
        this.#busy.delete(id);
        this.#state.clock.after(RETRY_MS, () => this.wake());
      },
    );
    this.#busy.set(id, done);
  }

  async #start(id: string): Promise<void> {
    const { instances, group } = this.#state;
    const row = instances.find(id);
    if (row === undefined) return;
    await signSite(this.#site);
    const imds = await this.#startImds(row, 0);
    try {
      const metadata = { endpoint: imds.endpoint, port: Number(new URL(imds.endpoint).port) };
      const script = scriptOf(row.spec.userData);
      const machine = await startMachine(this.#site, { id, script, metadata });
      this.#keep(id, { machine, imds });
      await group.run(() => {
        const now = instances.find(id);
        if (now === undefined) return;
        instances.put({
          ...now,
          state: now.state === "pending" ? "running" : now.state,
          process: machine.process,
        });
      });
    } catch (error) {
      this.#state.report(error);
      await imds.close();
      await this.#move(id, "shutting-down", reasons.failed);
    }
  }

  /** Asks the machine to end and waits as long as it may take; one that is reclaimed has had its notice. */
  async #end(id: string): Promise<void> {
    const { instances, settings, clock } = this.#state;
    const row = instances.find(id);
    if (row === undefined) return;
    const machine = this.#running.get(id)?.machine;
    if (machine !== undefined && row.reason?.code !== reasons.reclaimed.code) {
      machine.press();
      const over = new AbortController();
      void machine.ended.then(() => over.abort());
      const signal = AbortSignal.any([over.signal, this.#closing.signal]);
      await clock.sleep(settings.shutdownGraceS * 1000, signal).catch(() => undefined);
    }
    await this.#destroy(id);
    const now = instances.find(id); // one that was stopping may have been asked to terminate meanwhile
    await this.#move(id, now?.state === "stopping" ? "stopped" : "terminated", now?.reason);
  }

  async #destroy(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    await running.machine.destroy();
    await running.imds.close();
  }

  async #forget(id: string): Promise<void> {
    const { instances, tags, tokens, group, clock } = this.#state;
    await group.run(() => {
      instances.remove(id);
      tags.drop(id);
      tokens.forgetBefore(clock.now() - TOKENS_KEPT_MS);
    });
  }

  async #move(id: string, state: Ec2Instance["state"], reason: Ec2Instance["reason"]): Promise<void> {
    const { instances, group, clock } = this.#state;
    await group.run(() => {
      const row = instances.find(id);
      if (row === undefined || row.state === "terminated") return;
      const endedMs = state === "terminated" ? clock.now() : row.endedMs;
      const process = state === "terminated" || state === "stopped" ? undefined : row.process;
      instances.put({ ...row, state, reason, endedMs, process });
    });
  }

  #keep(id: string, running: Running): void {
    this.#running.set(id, running);
    void running.machine.ended.then(() => this.#hasEnded(id));
  }

  /** Its first process has ended: by itself, unless the row says otherwise already. */
  async #hasEnded(id: string): Promise<void> {
    if (!this.#running.has(id)) return;
    await this.#busy.get(id);
    const row = this.#state.instances.find(id);
    if (row?.state !== "running" || this.#closing.signal.aborted) return;
    const next = row.spec.shutdownBehavior === "terminate" ? "shutting-down" : "stopping";
    await this.#move(id, next, reasons.byItself);
    this.wake();
  }

  async #find(row: Ec2Instance): Promise<Running | undefined> {
    if (row.process === undefined) return undefined;
    const machine = findMachine(this.#site, row.id, row.process);
    if (machine === undefined) return undefined;
    try {
      return { machine, imds: await this.#startImds(row, row.process.metadataPort) };
    } catch (error) {
      this.#state.report(error); // somebody else has its port by now
      return undefined;
    }
  }

  async #startImds(row: Ec2Instance, port: number): Promise<RunningImds> {
    const { id, spec, launchedMs } = row;
    const { instanceType, imageId, zone, market, role } = spec;
    const instance = {
      instanceId: id,
      instanceType,
      imageId,
      availabilityZone: zone,
      architecture: process.arch === "arm64" ? "arm64" : "x86_64",
      lifeCycle: market,
      launchedMs,
      role,
      tags: spec.metadataTags ? this.#state.tags.of(id) : {},
      userData: scriptOf(spec.userData) ?? null,
      ...noticeOf(row),
    };
    return await startImds(this.#imds, { port, instance });
  }
}

const noticeOf = ({ reclaimMs }: Ec2Instance) =>
  reclaimMs === undefined
    ? {}
    : { interruption: { action: "terminate" as const, time: wholeSeconds(reclaimMs) } };
