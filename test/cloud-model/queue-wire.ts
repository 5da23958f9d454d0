import type { RawAnswer } from "../unit/cloud-local/raw.ts";
import type { CloudProcess } from "./cloud-process.ts";
import type { QueueStep, Seen, Which } from "./queue-model.ts";
import { refusalOf, sqs } from "./wire.ts";

/** What a client was told. The ids and handles are the cloud's own; the model cannot foresee them. */
export type Observed =
  | { kind: "done" }
  | { kind: "refused"; code: string }
  | { kind: "sent"; ids: string[] }
  | { kind: "received"; messages: (Seen & { id: string; handle: string })[] }
  | { kind: "counted"; counts: number[] };

interface WireMessage {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  Attributes: Record<string, string>;
}

/** Carries a step out on the cloud. `handleOf` finds the handle that a receive was given. */
export async function performOnQueues(
  cloud: CloudProcess,
  urls: Record<Which, string>,
  step: QueueStep,
  handleOf: (step: { from: Which; body: string; receipt: number }) => string,
): Promise<Observed> {
  const QueueUrl = urls[step.do === "send" ? "source" : step.from];
  switch (step.do) {
    case "send":
      return sendAll(cloud, QueueUrl, step);
    case "receive": {
      const answer = await sqs(cloud, "ReceiveMessage", {
        QueueUrl,
        MaxNumberOfMessages: step.max,
        VisibilityTimeout: step.visibilityS,
        ReceiveRequestAttemptId: step.attempt,
        MessageSystemAttributeNames: ["All"],
      });
      if (answer.status !== 200) return refusalOf(answer);
      const { Messages = [] } = JSON.parse(answer.body) as { Messages?: WireMessage[] };
      return { kind: "received", messages: Messages.map(seen) };
    }
    case "delete":
      return told(await sqs(cloud, "DeleteMessage", { QueueUrl, ReceiptHandle: handleOf(step) }));
    case "hide": {
      const input = { QueueUrl, ReceiptHandle: handleOf(step), VisibilityTimeout: step.visibilityS };
      return told(await sqs(cloud, "ChangeMessageVisibility", input));
    }
    case "purge":
      return told(await sqs(cloud, "PurgeQueue", { QueueUrl }));
    case "count": {
      const answer = await sqs(cloud, "GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
      if (answer.status !== 200) return refusalOf(answer);
      const { Attributes } = JSON.parse(answer.body) as { Attributes: Record<string, string> };
      const names = ["", "NotVisible", "Delayed"].map((end) => `ApproximateNumberOfMessages${end}`);
      return { kind: "counted", counts: names.map((name) => Number(Attributes[name])) };
    }
  }
}

const told = (answer: RawAnswer): Observed => (answer.status === 200 ? { kind: "done" } : refusalOf(answer));

async function sendAll(
  cloud: CloudProcess,
  QueueUrl: string,
  step: Extract<QueueStep, { do: "send" }>,
): Promise<Observed> {
  const fifo = QueueUrl.endsWith(".fifo");
  const Entries = step.entries.map(({ body, delayS, group, dedupId }, index) => ({
    Id: String(index),
    MessageBody: body,
    ...(fifo ? { MessageGroupId: group, MessageDeduplicationId: dedupId } : { DelaySeconds: delayS }),
  }));
  const answer = await sqs(cloud, "SendMessageBatch", { QueueUrl, Entries });
  if (answer.status !== 200) return refusalOf(answer);
  const { Successful } = JSON.parse(answer.body) as { Successful: { MessageId: string }[] };
  return { kind: "sent", ids: Successful.map((it) => it.MessageId) };
}

const seen = ({ Body, MessageId, ReceiptHandle, Attributes: its }: WireMessage) => ({
  body: Body,
  id: MessageId,
  handle: ReceiptHandle,
  receives: Number(its["ApproximateReceiveCount"]),
  sentMs: Number(its["SentTimestamp"]),
  firstMs: Number(its["ApproximateFirstReceiveTimestamp"]),
  movedFromSource: its["DeadLetterQueueSourceArn"] !== undefined,
  group: its["MessageGroupId"],
});
