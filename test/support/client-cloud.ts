import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { closeS3Clients, createS3Clients, openBucket } from "../../cloud/aws/s3.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { startCloud } from "../../cloud/local/server.ts";
import type { QueueMessage } from "../../cloud/ports/queue.ts";
import { resultKey } from "../../jobs/keys.ts";
import { buildResponse } from "../../schemas/build.ts";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import { runCommand, startCommand } from "./command.ts";
import type { CommandResult, RunningCommand } from "./command.ts";

/** An embedded cloud for clients under test; the test itself plays the agent. */
export interface ClientCloud {
  /** The working directory of the commands. */
  folder: string;
  env: Record<string, string>;
  /** Runs bin/submit-job as a process of its own. */
  submitJob(
    argv: readonly string[],
    options?: { env?: Record<string, string>; stdin?: string },
  ): Promise<CommandResult>;
  startSubmitJob(argv: readonly string[]): RunningCommand;
  /** Receives as the agent would, and deletes. */
  take(waitS?: number): Promise<QueueMessage[]>;
  takeAll(count: number): Promise<QueueMessage[]>;
  /** Puts the job's result where the agent would: by default a success whose output is the input's URL. */
  answer(message: QueueMessage, over?: Partial<JobResponse>): Promise<void>;
  close(): Promise<void>;
}

const SUBMIT_JOB = resolve(import.meta.dirname, "../../bin/submit-job");

/** Also sets this process's AWS_ variables, so that clients in the test itself find the cloud. */
export async function startClientCloud(): Promise<ClientCloud> {
  const folder = await mkdtemp(join(tmpdir(), "drover-client-"));
  const provision = { queues: [{ name: "drover-requests" }], buckets: ["drover"] };
  const cloud = await startCloud({ dir: join(folder, "cloud"), provision });
  const env = {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
  };
  Object.assign(process.env, env);
  const [sqs, s3] = [createSqsClients(), createS3Clients()];
  const requests = await openQueue(sqs, "drover-requests");
  const objects = openBucket(s3, "drover");
  const take = async (waitS = 5) => {
    const messages = await requests.receive({ max: 10, waitS, visibilityTimeoutS: 60 });
    if (messages.length > 0) await requests.delete(messages.map(({ receiptHandle }) => receiptHandle));
    return messages;
  };
  return {
    folder,
    env,
    take,
    submitJob: (argv, options = {}) => runCommand([SUBMIT_JOB, ...argv], { env, cwd: folder, ...options }),
    startSubmitJob: (argv) => startCommand([SUBMIT_JOB, ...argv], { env, cwd: folder }),
    takeAll: async (count) => {
      const messages: QueueMessage[] = [];
      while (messages.length < count) messages.push(...(await take()));
      return messages;
    },
    answer: async (message, over) => {
      const key = resultKey({ id: message.id, generation: 0 });
      await objects.put(key, resultOf(message, over), { condition: "absent" });
    },
    close: async () => {
      closeSqsClients(sqs);
      closeS3Clients(s3);
      await cloud.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function resultOf(message: QueueMessage, over: Partial<JobResponse> = {}): string {
  const verdict = validate("request", message.body);
  if (!verdict.ok) throw new Error(verdict.problems[0].message);
  return buildResponse({
    service: verdict.value.service,
    status: "success",
    messageId: message.id,
    rawOutput: { encoding: "none", content: verdict.value.input?.href ?? "" },
    artifacts: [],
    message: "Request successfully processed (in 6.01 seconds).",
    ...over,
  });
}
