/**
 * What Drover is compared with: the worker that a competent engineer makes by hand from sqs-consumer and execa in an
 * afternoon. It checks the request against the same schema, streams the input to disk, runs the program, writes the
 * result once to S3, calls back, and lets the consumer delete. Two consumers, so that one batch is at hand while the
 * other is worked on; programs run in `SLOTS` places, downloads do not wait for one. Anyone may replace it by a better one.
 */
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Message, SQSClient } from "@aws-sdk/client-sqs";
import { execa } from "execa";
import { Consumer } from "sqs-consumer";
import { request } from "undici";
import { buildResponse } from "../../schemas/build.ts";
import { rawOutputOf } from "../../schemas/raw-output.ts";
import type { JobRequest } from "../../schemas/request.ts";
import { validate, warmUp } from "../../schemas/validate.ts";

const setting = (name: string) => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
};
const queueUrl = setting("QUEUE_URL");
const bucket = setting("BUCKET");
const workDir = setting("WORK_DIR");
const batchSize = Number(setting("BATCH"));
const command = JSON.parse(setting("COMMAND")) as string[];

const sqs = new SQSClient({});
const s3 = new S3Client({});

let free = Number(setting("SLOTS"));
const queued: (() => void)[] = [];

/** Runs `work` in one of the slots. */
async function inSlot<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => void queued.push(resolve));
  try {
    return await work();
  } finally {
    const next = queued.shift();
    if (next === undefined) free++;
    else next();
  }
}

async function download(href: string, path: string): Promise<void> {
  const { statusCode, body } = await request(href);
  if (statusCode !== 200) throw new Error(`The input answered HTTP ${statusCode}.`);
  await pipeline(body, createWriteStream(path));
}

async function run(
  job: JobRequest,
  folder: string,
): Promise<{ stdout: Uint8Array; inputS: number; runS: number }> {
  const input = join(folder, "input");
  const startedAt = performance.now();
  if (job.input !== undefined) await download(job.input.href, input);
  const inputS = (performance.now() - startedAt) / 1000;
  return await inSlot(async () => {
    const runFrom = performance.now();
    const [program = "", ...args] = command.map((it) => it.replaceAll("{input}", input));
    const { stdout } = await execa(program, args, {
      cwd: folder,
      encoding: "buffer",
      timeout: 60_000,
      stdin: "ignore",
    });
    return { stdout, inputS, runS: (performance.now() - runFrom) / 1000 };
  });
}

/** Writes the result once: whoever comes second lets the first one's stand. */
async function commit(id: string, xml: string): Promise<boolean> {
  try {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `rival/${id}`, Body: xml, IfNoneMatch: "*" }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "PreconditionFailed") return false;
    throw error;
  }
}

async function callBack(href: string, id: string, xml: string): Promise<void> {
  const headers = { "content-type": "application/xml", "webhook-id": id };
  const { statusCode, body } = await request(href, { method: "POST", headers, body: xml });
  await body.dump();
  if (statusCode >= 300) throw new Error(`The callback answered HTTP ${statusCode}.`);
}

async function handle(message: Message): Promise<void> {
  const id = message.MessageId ?? "";
  const verdict = validate("request", message.Body ?? "");
  if (!verdict.ok) throw new Error(verdict.problems[0].message);
  const job = verdict.value;
  const folder = join(workDir, id);
  await mkdir(folder, { recursive: true });
  try {
    const { stdout, inputS, runS } = await run(job, folder);
    const queuedS = Math.max(
      0,
      (Date.now() - Number(message.Attributes?.SentTimestamp)) / 1000 - inputS - runS,
    );
    const xml = buildResponse({
      service: job.service,
      status: "success",
      messageId: id,
      rawOutput: rawOutputOf(stdout),
      artifacts: [],
      timings: { queuedS, inputS, runS },
      message: "Request successfully processed.",
    });
    const first = await commit(id, xml);
    if (first && job.output.type === "callback") await callBack(job.output.href, id, xml);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The messages that were handled, which the consumer then deletes in one call. */
async function handleBatch(messages: Message[]): Promise<Message[]> {
  const outcomes = await Promise.allSettled(messages.map((it) => handle(it)));
  return messages.filter((_, i) => {
    const outcome = outcomes[i];
    if (outcome?.status === "rejected") process.stderr.write(`${String(outcome.reason)}\n`);
    return outcome?.status === "fulfilled";
  });
}

warmUp();
const consumers = Array.from({ length: 2 }, () =>
  Consumer.create({
    queueUrl,
    sqs,
    batchSize,
    waitTimeSeconds: 20,
    visibilityTimeout: 60,
    heartbeatInterval: 20,
    messageSystemAttributeNames: ["SentTimestamp"],
    handleMessageBatch: handleBatch,
  }),
);
for (const consumer of consumers) {
  consumer.on("error", (error) => process.stderr.write(`${String(error)}\n`));
  consumer.on("processing_error", (error) => process.stderr.write(`${String(error)}\n`));
  consumer.start();
}
process.once("SIGTERM", () => {
  for (const consumer of consumers) consumer.stop({ abort: true });
  sqs.destroy();
  s3.destroy();
});
process.stderr.write("ready\n");
