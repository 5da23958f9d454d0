import { reportStatus } from "../../agent/status/heartbeat.ts";
import type { Worker } from "../../agent/worker.ts";
import type { DecisionLine } from "../../autoscaler/daemon/decision-log.ts";
import { Scaler } from "../../autoscaler/daemon/scaler.ts";
import { type AutoscalerConfig, readConfig } from "../../base/config/config.ts";
import { createLog } from "../../base/log.ts";
import { createS3Store } from "../../cloud/aws/s3-store.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import type { Store } from "../../cloud/ports/store.ts";
import { createWorld, type WorldOptions } from "./agent-world.ts";
import { createMemoryCompute, type MemoryComputeOptions } from "./memory-compute.ts";
import { createLife } from "./mortal.ts";

export const POOL = { name: "one", instance_type: "m7i.large", zone: "us-east-1a" };

export interface ScaledWorldOptions extends WorldOptions {
  autoscaler?: Partial<Record<keyof AutoscalerConfig, unknown>>;
  compute?: Partial<Omit<MemoryComputeOptions, "boot" | "onTerminate">>;
}

/** A fleet whose instances are real agents over ports in memory, and whose scalers are real ones. */
export function createScaledWorld(options: ScaledWorldOptions = {}) {
  const world = createWorld(options);
  const { clock, queues } = world;
  const store = createS3Store(world.objects);
  const agents = new Map<string, Worker>();
  /** Instances that were ended while they held a message. */
  const endedBusy: string[] = [];
  const config = readConfig(
    "",
    {},
    {
      autoscaler: { pools: [POOL], target_wait_s: 300, ...options.autoscaler },
    },
  ).autoscaler;

  const compute = createMemoryCompute(clock, {
    bootMs: () => 60_000,
    ...options.compute,
    boot: (id) => {
      const life = createLife();
      const { worker, context } = world.start(life, id, store);
      agents.set(id, worker);
      const left = new AbortController();
      const facts = { version: "1", pid: 1, startedAt: clock.now(), instance: id };
      void context.orders.refresh().then(() => worker.heed(context.orders.cordon));
      const reporting = life.wrap("store", store);
      void worker.polling.then(() => reportStatus(context, reporting, worker, facts, left.signal));
      return () => {
        life.die();
        worker.stop();
        left.abort();
        agents.delete(id);
      };
    },
    onTerminate: (id) => {
      const worker = agents.get(id);
      if (worker !== undefined && worker.holding() > 0) endedBusy.push(id);
    },
  });

  /** Starts a scaler; what it reaches the world through may be worse than the world. */
  function startScaler(
    name = "scaler",
    given: Partial<{ store: Store; requests: Queue; compute: typeof compute }> = {},
  ) {
    const lines: DecisionLine[] = [];
    const logged: string[] = [];
    const life = createLife();
    const log = createLog(
      (line) => void logged.push(line),
      () => clock.now(),
    );
    const scaler = new Scaler(
      {
        clock,
        log,
        store: life.wrap("store", given.store ?? store),
        compute: life.wrap("compute", given.compute ?? compute),
        queues: { requests: given.requests ?? queues.requests, deliveries: queues.deliveries },
        decided: async (line) => void lines.push(JSON.parse(JSON.stringify(line)) as DecisionLine),
      },
      config,
      name,
    );
    const stop = new AbortController();
    const ended = scaler.run(stop.signal);
    return {
      scaler,
      lines,
      logged,
      life,
      /** kill -9 */
      kill: () => {
        life.die();
        stop.abort();
      },
      stop: () => stop.abort(),
      ended,
    };
  }

  return { ...world, store, agents, endedBusy, config, compute, startScaler };
}

export type ScaledWorld = ReturnType<typeof createScaledWorld>;
