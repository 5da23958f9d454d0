import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { DroverError, reasonOf } from "../../base/errors.ts";
import type { BatchResult, Queue, QueueMessage, ReceiveOptions, SendOptions } from "../ports/queue.ts";
import { callHandler, pollHandler, silent, steady } from "./handlers.ts";

/** The two clients of one account: receiving must never make a send, a delete or a heartbeat wait. */
export interface SqsClients {
  poll: SQSClient;
  call: SQSClient;
}

export function createSqsClients(): SqsClients {
  return {
    poll: silent(new SQSClient({ requestHandler: pollHandler })),
    call: silent(new SQSClient({ ...steady, requestHandler: callHandler })),
  };
}

export function closeSqsClients(clients: SqsClients): void {
  clients.poll.destroy();
  clients.call.destroy();
}

/**
 * The queue of that name, or of that URL when it starts with http.
 * Throws `queue-missing` when there is none, `cloud-unreachable` when nobody could say.
 */
export async function openQueue(clients: SqsClients, nameOrUrl: string): Promise<Queue> {
  return sqsQueue(clients, nameOrUrl.startsWith("http") ? nameOrUrl : await urlOf(clients, nameOrUrl));
}

async function urlOf(clients: SqsClients, name: string): Promise<string> {
  try {
    const { QueueUrl: url } = await clients.call.send(new GetQueueUrlCommand({ QueueName: name }));
    if (url !== undefined) return url;
  } catch (error) {
    if (!(error instanceof Error) || !/QueueDoesNotExist|NonExistentQueue/.test(error.name)) {
      throw new DroverError(
        "cloud-unreachable",
        `Could not ask SQS for the queue ${name}: ${reasonOf(error).replace(/\.$/, "")}. Check AWS_ENDPOINT_URL, AWS_REGION and the credentials.`,
        { cause: error },
      );
    }
  }
  throw new DroverError(
    "queue-missing",
    `There is no queue ${name}. Create the fleet's queues with: drover setup`,
  );
}

function sqsQueue(clients: SqsClients, url: string): Queue {
  return {
    name: url.slice(url.lastIndexOf("/") + 1),
    url,
    receive: (options) => receive(clients.poll, url, options),
    send: (body, options) => send(clients.call, url, body, options),
    delete: async (handles) => {
      const entries = handles.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
      const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries });
      return batchResults(handles, (await clients.call.send(command)).Failed);
    },
    changeVisibility: async (changes) => {
      const entries = changes.map((it, i) => ({
        Id: String(i),
        ReceiptHandle: it.receiptHandle,
        VisibilityTimeout: it.visibilityTimeoutS,
      }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: entries });
      const handles = changes.map((it) => it.receiptHandle);
      return batchResults(handles, (await clients.call.send(command)).Failed);
    },
    retentionS: () => retentionS(clients.call, url),
    counts: () => counts(clients.call, url),
  };
}

async function receive(client: SQSClient, url: string, options: ReceiveOptions): Promise<QueueMessage[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: options.max,
    WaitTimeSeconds: options.waitS,
    VisibilityTimeout: options.visibilityTimeoutS,
    MessageAttributeNames: ["All"],
    MessageSystemAttributeNames: [
      "SentTimestamp",
      "ApproximateReceiveCount",
      "ApproximateFirstReceiveTimestamp",
    ],
  });
  try {
    const { Messages: messages } = await client.send(command, abortable(options.signal));
    return (messages ?? []).map((message) => messageOf(message));
  } catch (error) {
    if (options.signal?.aborted) return [];
    throw error;
  }
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

function messageOf(message: Message): QueueMessage {
  const { MessageId: id, ReceiptHandle: receiptHandle, Body: body = "" } = message;
  if (id === undefined || receiptHandle === undefined) {
    throw new DroverError("cloud-answer", "SQS returned a message without an id or a receipt handle.");
  }
  const attributes = Object.entries(message.MessageAttributes ?? {}).flatMap(
    ([name, { StringValue: value }]) => (value === undefined ? [] : [[name, value] as const]),
  );
  return {
    id,
    receiptHandle,
    body,
    attributes: Object.fromEntries(attributes),
    sentAt: Number(message.Attributes?.SentTimestamp ?? 0),
    receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
    firstReceivedAt: Number(message.Attributes?.ApproximateFirstReceiveTimestamp ?? 0),
  };
}

async function send(
  client: SQSClient,
  url: string,
  body: string,
  options: SendOptions = {},
): Promise<string> {
  const attributes = Object.entries(options.attributes ?? {}).map(
    ([name, value]) => [name, { DataType: "String", StringValue: value }] as const,
  );
  const { MessageId: id } = await client.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: body,
      ...(options.delayS === undefined ? {} : { DelaySeconds: options.delayS }),
      ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
    }),
  );
  if (id === undefined) throw new DroverError("cloud-answer", "SQS acknowledged a message without an id.");
  return id;
}

/** SQS's own default: four days. */
const DEFAULT_RETENTION_S = 345_600;

/** A handle that SQS no longer knows, or whose message is no longer ours to change. */
const GONE = /ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue/;

function batchResults(
  handles: readonly string[],
  failed: BatchResultErrorEntry[] | undefined,
): BatchResult[] {
  const failures = new Map((failed ?? []).map((it) => [Number(it.Id), it]));
  return handles.map((receiptHandle, i) => {
    const failure = failures.get(i);
    if (failure === undefined) return { receiptHandle };
    const code = failure.Code ?? "Unknown";
    return { receiptHandle, error: { code, message: failure.Message ?? code, gone: GONE.test(code) } };
  });
}

async function retentionS(client: SQSClient, url: string): Promise<number> {
  const command = new GetQueueAttributesCommand({
    QueueUrl: url,
    AttributeNames: ["MessageRetentionPeriod"],
  });
  const { Attributes: found } = await client.send(command);
  return Number(found?.MessageRetentionPeriod ?? DEFAULT_RETENTION_S);
}

async function counts(client: SQSClient, url: string) {
  const { Attributes: found } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
      ],
    }),
  );
  return {
    visible: Number(found?.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(found?.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(found?.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}
