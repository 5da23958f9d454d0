import type { Clock } from "../base/clock.ts";
import type { Files } from "../base/files.ts";
import type { Http } from "../base/http.ts";
import type { Log } from "../base/log.ts";
import type { Processes } from "../base/processes.ts";
import type { Random } from "../base/random.ts";
import type { Objects } from "../cloud/ports/objects.ts";
import type { Queue } from "../cloud/ports/queue.ts";
import type { Catalog } from "./admit/catalog.ts";
import type { Cancellations } from "./receive/cancellations.ts";
import type { Deleter } from "./result/deleter.ts";
import type { Secrets } from "./result/secrets.ts";
import type { Activity } from "./status/activity.ts";
import type { Orders } from "./status/orders.ts";

/** Everything an agent reaches the world through. main.ts fills it with real adapters, a test with its own. */
export interface AgentContext {
  clock: Clock;
  random: Random;
  log: Log;
  files: Files;
  http: Http;
  processes: Processes;
  objects: Objects;
  queues: { requests: Queue; responses: Queue; deliveries: Queue; dead: Queue };
  /** Another response queue of the same account, by URL. Rejects when there is none. */
  openQueue: (url: string) => Promise<Queue>;
  /** How long the request queue keeps a message, seconds. */
  retentionS: number;
  /** Deletes from the request queue. */
  deleter: Deleter;
  catalog: Catalog;
  secrets: Secrets;
  activity: Activity;
  cancellations: Cancellations;
  /** What the autoscaler wants of this machine. */
  orders: Orders;
  /** Signs what the fleet sends to itself. */
  fleetKey: Uint8Array;
  settings: AgentSettings;
}

export interface AgentSettings {
  instanceId: string;
  slots: number;
  /** Processors each slot may use; what `{cpus}` stands for. */
  cpusPerSlot: number;
  visibilityTimeoutS: number;
  drainTimeoutS: number;
  callbackTimeoutS: number;
  deliveryBudgetS: number;
  retryBudgetS: number;
  /** Started when something is parked; empty: nothing is. */
  alarm: readonly string[];
  statusPeriodS: number;
  /** A folder of this process alone; jobs get folders below it. */
  jobsDir: string;
  /** The Node runtime that `{node}` stands for. */
  node: string;
  /** The PATH that programs get. */
  path: string;
}
