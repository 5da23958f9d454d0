import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateQueueCommand, SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import type { Queue } from "../../cloud/ports/queue.ts";
import { bundle } from "./bundle.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { type Started, start } from "./processes.ts";

/** Programs at the same time, for every worker. */
export const SLOTS = 2;

/** Whatever takes jobs off the request queue. */
export interface WorkerKind {
  name: string;
  /** Starts one that runs `command` for every job and resolves when it polls; with a profile folder, profiled. */
  start(service: Service, options?: { profileDir?: string }): Promise<Started>;
}

export interface Service {
  name: string;
  command: readonly string[];
  input: boolean;
}

/** The embedded cloud as a process of its own, bundles of the workers, a receiver of callbacks. */
export interface World {
  readonly folder: string;
  readonly receiver: Receiver;
  /**
   * Another request queue from here on, and no callbacks seen: a worker that is stopped may leave messages behind whose
   * callback is sent and whose delete is not.
   */
  startAfresh(): Promise<void>;
  /** Sends one request. */
  send(body: string): Promise<unknown>;
  /** Drover's agent, its programs in the sandbox (as it ships) or, in the weaker one that `none` leaves. */
  drover(sandbox: "auto" | "none"): WorkerKind;
  /** The same job done by sqs-consumer and execa, `batch` messages a receive. */
  rival(batch: number): WorkerKind;
  /** Sends many equal requests. */
  enqueue(body: string, count: number): Promise<void>;
  /** What a worker's process gets. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the bundles lie: dist/drover.mjs and bench/*.mjs. */
  readonly bundles: { drover: string; rival: string; bareLoop: string };
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "drover-bench-"));
  // Also when the benchmark fails: processes.ts has killed whoever worked in it by then.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const bundles = await bundle(folder);
  const plain = { PATH: process.env["PATH"], HOME: folder };
  const cloud = start([process.execPath, bundles.drover, "cloud", "--dir", `${folder}/cloud`], plain, folder);
  await cloud.line(/"endpoint"/);
  const settings = await cloudEnvironment(bundles.drover, folder, plain);
  const env = { ...plain, ...settings };
  Object.assign(process.env, settings); // for our own clients
  const sqs = createSqsClients();
  const receiver = await startReceiver();
  let requests = await openQueue(sqs, "drover-requests");
  let queues = 0;
  const world = { folder, env, bundles, requests: () => requests };
  return {
    folder,
    env,
    bundles,
    receiver,
    startAfresh: async () => {
      const name = `drover-bench-${++queues}`;
      await sqs.call.send(new CreateQueueCommand({ QueueName: name }));
      requests = await openQueue(sqs, name);
      receiver.reset();
    },
    send: (body) => requests.send(body),
    drover: (sandbox) => droverKind(world, sandbox),
    rival: (batch) => rivalKind(world, batch),
    enqueue: (body, count) => enqueue(sqs.call, requests.url, body, count),
    close: async () => {
      closeSqsClients(sqs);
      await receiver.close();
      await cloud.end();
    },
  };
}

type Place = Pick<World, "folder" | "env" | "bundles"> & { requests: () => Queue };

function droverKind({ folder, env, bundles, requests }: Place, sandbox: "auto" | "none"): WorkerKind {
  return {
    name: sandbox === "none" ? "drover, sandbox none" : "drover",
    start: async (service, { profileDir } = {}) => {
      await writeService(`${folder}/services`, service);
      const flags = [
        "--services",
        `${folder}/services`,
        "--work-dir",
        `${folder}/work`,
        "--slots",
        String(SLOTS),
      ];
      const argv = [process.execPath, ...profiling(profileDir), bundles.drover, "agent", ...flags];
      const agent = start(
        argv,
        { ...env, DROVER_SANDBOX: sandbox, DROVER_QUEUES_REQUESTS: requests().name },
        folder,
      );
      await agent.line(/"agent\.ready"/);
      return agent;
    },
  };
}

function rivalKind({ folder, env, bundles, requests }: Place, batch: number): WorkerKind {
  return {
    name: `sqs-consumer, batches of ${batch}`,
    start: async (service, { profileDir } = {}) => {
      await mkdir(`${folder}/rival`, { recursive: true });
      const settings = {
        QUEUE_URL: requests().url,
        BUCKET: "drover",
        SLOTS: String(SLOTS),
        BATCH: String(batch),
        COMMAND: JSON.stringify(service.command),
        WORK_DIR: `${folder}/rival`,
      };
      const argv = [process.execPath, ...profiling(profileDir), bundles.rival];
      const worker = start(argv, { ...env, ...settings }, folder);
      await worker.line(/ready/);
      return worker;
    },
  };
}

function profiling(dir: string | undefined): string[] {
  return dir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${dir}`];
}

async function writeService(services: string, { name, command, input }: Service): Promise<void> {
  await mkdir(`${services}/${name}`, { recursive: true });
  const manifest = {
    name,
    version: "1.0.0",
    summary: "a program of the benchmark",
    mode: "oneshot",
    command,
    input: input ? { types: ["http"], max_bytes: 100_000_000, timeout_s: 60 } : { types: [] },
    timeout_s: 60,
    retries: 0,
    result: { kind: "text", max_bytes: 1024 },
  };
  // JSON is YAML.
  await writeFile(`${services}/${name}/service.yaml`, JSON.stringify(manifest));
}

async function enqueue(client: SQSClient, url: string, body: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    const entries = Array.from({ length: Math.min(10, count - sent) }, (_, i) => ({
      Id: String(i),
      MessageBody: body,
    }));
    const { Failed: failed = [] } = await client.send(
      new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }),
    );
    if (failed.length > 0) throw new Error(`The queue refused ${failed.length} messages.`);
  }
}

async function cloudEnvironment(
  drover: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const told = start([process.execPath, drover, "cloud", "env", "--dir", `${folder}/cloud`], env, folder);
  await told.line(/AWS_REGION/);
  await told.end();
  const pairs = told.lines.flatMap((line) => {
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

/** A request for `service`, its result as a callback to `url`. */
export function requestFor(service: string, url: string, inputUrl?: string): string {
  const input = inputUrl === undefined ? "" : `<input type="http" href="${inputUrl}"/>`;
  return `<request service="${service}">${input}<output type="callback" href="${url}"/></request>`;
}
