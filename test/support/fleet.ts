import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import type { Objects } from "../../cloud/ports/objects.ts";
import type { Queue, QueueMessage } from "../../cloud/ports/queue.ts";

const DROVER = resolve(import.meta.dirname, "../../bin/drover");

/** A Drover command as a process of its own. */
export interface Process {
  readonly child: ChildProcess;
  readonly lines: string[];
  line(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export function startDrover(args: readonly string[], env: NodeJS.ProcessEnv): Process {
  const child = spawn(DROVER, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const check of waiting) check();
    });
  }
  const exited = once(child, "exit");
  return {
    child,
    lines,
    line: (pattern) =>
      new Promise((found, failed) => {
        const check = () => {
          const line = lines.find((it) => pattern.test(it));
          if (line === undefined) return;
          waiting.delete(check);
          found(line);
        };
        waiting.add(check);
        child.once("exit", () => failed(new Error(`drover ${args.join(" ")} ended:\n${lines.join("\n")}`)));
        check();
      }),
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
  };
}

/** The embedded cloud and agents, as processes, in a folder of their own. */
export interface Fleet {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly queues: { requests: Queue; responses: Queue; deliveries: Queue; dead: Queue };
  readonly objects: Objects;
  /** Writes a service.yaml; `fields` are its lines beyond name, version, summary and mode. */
  addService(name: string, fields: string): Promise<void>;
  /** Resolves when it polls. */
  startAgent(options?: { args?: string[]; env?: NodeJS.ProcessEnv }): Promise<Process>;
  close(): Promise<void>;
}

export async function startFleet(): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), "drover-test-"));
  const processes: Process[] = [];
  const cloud = startDrover(["cloud", "--dir", `${folder}/cloud`, "--port", "0"], process.env);
  processes.push(cloud);
  await cloud.line(/"endpoint"/);
  const env = { ...process.env, ...(await cloudEnvironment(folder)) };
  Object.assign(process.env, env); // for this test's own clients
  const sqs = createSqsClients();
  const s3 = createS3Clients();
  const [requests, responses, deliveries, dead] = await Promise.all(
    ["requests", "responses", "deliveries", "dead"].map((name) => openQueue(sqs, `drover-${name}`)),
  );
  if (!requests || !responses || !deliveries || !dead) throw new Error("the fleet's queues are not there");
  await mkdir(`${folder}/services`);
  return {
    folder,
    env,
    queues: { requests, responses, deliveries, dead },
    objects: openBucket(s3, "drover"),
    addService: async (name, fields) => {
      await mkdir(`${folder}/services/${name}`, { recursive: true });
      const head = `name: ${name}\nversion: 1.0.0\nsummary: a test's service\nmode: oneshot\n`;
      await writeFile(`${folder}/services/${name}/service.yaml`, head + fields);
    },
    startAgent: async (options = {}) => {
      const places = [
        "--work-dir",
        `${folder}/work`,
        "--services",
        `${folder}/services`,
        "--instance-id",
        "test",
      ];
      const args = ["agent", ...places, ...(options.args ?? [])];
      const agent = startDrover(args, { ...env, DROVER_STATUS_PERIOD_S: "1", ...options.env });
      processes.push(agent);
      await agent.line(/agent\.ready/);
      return agent;
    },
    close: async () => {
      closeSqsClients(sqs);
      closeS3Clients(s3);
      for (const process of processes.toReversed()) await process.end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function cloudEnvironment(folder: string): Promise<Record<string, string>> {
  const env = startDrover(["cloud", "env", "--dir", `${folder}/cloud`], process.env);
  await once(env.child, "close");
  return Object.fromEntries(
    env.lines.flatMap((line) => {
      const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Takes messages off a queue until `enough` says so; each is deleted. */
export async function collect(
  queue: Queue,
  enough: (messages: QueueMessage[]) => boolean,
): Promise<QueueMessage[]> {
  const found: QueueMessage[] = [];
  while (!enough(found)) {
    const messages = await queue.receive({ max: 10, waitS: 20, visibilityTimeoutS: 60 });
    found.push(...messages);
    if (messages.length > 0) await queue.delete(messages.map((it) => it.receiptHandle));
  }
  return found;
}
