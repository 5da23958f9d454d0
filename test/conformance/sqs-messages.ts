import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from "@aws-sdk/client-sqs";
import { refused, sameItems } from "./assertions.ts";
import { sqsApi, sqsGuide, type Check } from "./check.ts";
import { collect, one, receive, send, sleep } from "./queue-calls.ts";
import type { Queue, World } from "./world.ts";

const sends = sqsApi("API_SendMessage");
const receives = sqsApi("API_ReceiveMessage");
const batches = sqsApi("API_SendMessageBatch");

const MIB = 1024 * 1024;
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

const batch = (w: World, queue: Queue, Entries: SendMessageBatchRequestEntry[]) =>
  w.sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));

const entries = (count: number, MessageBody = "m") =>
  Array.from({ length: count }, (_, n) => ({ Id: `${n}`, MessageBody }));

const refusedBatches: [id: string, says: string, code: string, make: () => SendMessageBatchRequestEntry[]][] =
  [
    ["empty", "A batch without entries is EmptyBatchRequest.", "EmptyBatchRequest", () => []],
    ["eleven", "A batch has ten entries at most.", "TooManyEntriesInBatchRequest", () => entries(11)],
    [
      "same-id",
      "Ids in a batch are distinct.",
      "BatchEntryIdsNotDistinct",
      () => [...entries(1), ...entries(1)],
    ],
    [
      "bad-id",
      "Ids in a batch are letters, digits, hyphens and underscores.",
      "InvalidBatchEntryId",
      () => [{ Id: "a b", MessageBody: "m" }],
    ],
    [
      "too-long",
      "All messages of a batch together have 1 MiB at most.",
      "BatchRequestTooLong",
      () => entries(9, "x".repeat(MIB / 8)),
    ],
  ];

export const sqsMessageChecks: readonly Check[] = [
  sends("sqs-message", "A message comes as it was sent, with its id and MD5.", async (w) => {
    const queue = await w.makeQueue();
    const body = 'ü <&>"\u{1F600}\r\n\t';
    const sent = await send(w, queue, body);
    assert.equal(sent.MD5OfMessageBody, md5(body));
    const message = await one(w, queue);
    assert.deepEqual([message.Body, message.MessageId, message.MD5OfBody], [body, sent.MessageId, md5(body)]);
  }),
  sends(
    "sqs-message-attributes",
    "Message attributes come when asked for, by name or by prefix.",
    async (w) => {
      const queue = await w.makeQueue();
      const MessageAttributes = {
        "a.text": { DataType: "String.kind", StringValue: "ü" },
        "a.number": { DataType: "Number", StringValue: "1.50" },
        bytes: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) },
      };
      const sent = await send(w, queue, "m", { MessageAttributes });
      assert.match(sent.MD5OfMessageAttributes ?? "", /^[0-9a-f]{32}$/);
      const message = await one(w, queue, { MessageAttributeNames: ["All"], VisibilityTimeout: 0 });
      sameItems(Object.keys(message.MessageAttributes ?? {}), Object.keys(MessageAttributes));
      assert.equal(message.MessageAttributes?.["a.number"]?.StringValue, "1.50");
      assert.deepEqual(
        Buffer.from(message.MessageAttributes?.["bytes"]?.BinaryValue ?? []),
        Buffer.from([0, 255]),
      );
      const some = await one(w, queue, { MessageAttributeNames: ["a.*"] });
      sameItems(Object.keys(some.MessageAttributes ?? {}), ["a.text", "a.number"]);
    },
  ),
  receives(
    "sqs-system-attributes",
    "System attributes say when and how often a message was received.",
    async (w) => {
      const queue = await w.makeQueue();
      await send(w, queue, "m");
      const ask = { MessageSystemAttributeNames: ["All" as const], VisibilityTimeout: 0 };
      const first = (await one(w, queue, ask)).Attributes ?? {};
      const second = (await one(w, queue, ask)).Attributes ?? {};
      assert.deepEqual([first.ApproximateReceiveCount, second.ApproximateReceiveCount], ["1", "2"]);
      for (const name of ["SentTimestamp", "ApproximateFirstReceiveTimestamp"] as const)
        assert.match(first[name] ?? "", /^\d{13}$/);
      assert.equal(first.ApproximateFirstReceiveTimestamp, second.ApproximateFirstReceiveTimestamp);
      assert.ok(first.SenderId);
    },
  ),
  sends("sqs-message-too-long", "A message has 1 MiB at most, attributes included.", async (w) => {
    const queue = await w.makeQueue();
    await send(w, queue, "x".repeat(MIB));
    await refused(send(w, queue, "x".repeat(MIB + 1)), "InvalidParameterValue", 400);
  }),
  sends("sqs-message-empty", "A message has one character or more.", async (w) => {
    await refused(send(w, await w.makeQueue(), ""), /InvalidParameterValue|MissingParameter/, 400);
  }),
  sends("sqs-message-characters", "A message has characters of XML only.", async (w) => {
    const queue = await w.makeQueue();
    for (const body of ["\u0000", "a\u001b", "\ufffe"])
      await refused(send(w, queue, body), /InvalidMessageContents|InvalidParameterValue/, 400);
    for (const body of ["\t\r\n", "\ue000", "\u{10ffff}"]) await send(w, queue, body);
  }),
  sends("sqs-message-delay", "A delayed message cannot be received before its time.", async (w) => {
    const queue = await w.makeQueue();
    await send(w, queue, "late", { DelaySeconds: 2 });
    await send(w, queue, "now");
    assert.equal((await one(w, queue)).Body, "now");
    assert.deepEqual(await receive(w, queue), []);
    assert.equal((await one(w, queue)).Body, "late");
  }),
  sqsGuide("sqs-delay-queues")(
    "sqs-queue-delay",
    "A delay queue delays every message that says nothing else.",
    async (w) => {
      const queue = await w.makeQueue({ DelaySeconds: "2" });
      await send(w, queue, "late");
      await send(w, queue, "now", { DelaySeconds: 0 });
      assert.equal((await one(w, queue)).Body, "now");
      assert.equal((await one(w, queue)).Body, "late");
    },
  ),
  sends("sqs-message-delay-limit", "A message is delayed by 15 minutes at most.", async (w) => {
    await refused(send(w, await w.makeQueue(), "m", { DelaySeconds: 901 }), "InvalidParameterValue", 400);
  }),
  receives(
    "sqs-receive-limits",
    "A receive asks for 1 to 10 messages and waits 20 seconds at most.",
    async (w) => {
      const queue = await w.makeQueue();
      for (const more of [{ MaxNumberOfMessages: 0 }, { MaxNumberOfMessages: 11 }, { WaitTimeSeconds: 21 }])
        await refused(receive(w, queue, more), "InvalidParameterValue", 400);
    },
  ),
  sqsGuide("sqs-short-and-long-polling")(
    "sqs-long-poll",
    "A long poll ends when a message comes.",
    async (w) => {
      const queue = await w.makeQueue();
      const started = performance.now();
      const waiting = receive(w, queue, { WaitTimeSeconds: 20 });
      await sleep(300);
      await send(w, queue, "m");
      assert.deepEqual(
        (await waiting).map((it) => it.Body),
        ["m"],
      );
      assert.ok(performance.now() - started < 15_000);
    },
  ),
  sqsGuide("sqs-short-and-long-polling")(
    "sqs-long-poll-empty",
    "A long poll that finds nothing takes its whole time.",
    async (w) => {
      const queue = await w.makeQueue({ ReceiveMessageWaitTimeSeconds: "2" });
      const started = performance.now();
      assert.deepEqual(await receive(w, queue), []);
      assert.ok(performance.now() - started >= 1900);
    },
  ),
  batches("sqs-batch", "A batch is answered entry by entry.", async (w) => {
    const queue = await w.makeQueue();
    const { Successful = [], Failed = [] } = await batch(w, queue, [
      { Id: "good", MessageBody: "a" },
      { Id: "bad", MessageBody: "b", DelaySeconds: 901 },
    ]);
    assert.deepEqual([Successful.map((it) => it.Id), Failed.map((it) => it.Id)], [["good"], ["bad"]]);
    assert.deepEqual([Failed[0]?.SenderFault, Successful[0]?.MD5OfMessageBody], [true, md5("a")]);
    assert.deepEqual(
      (await collect(w, queue, 1)).map((it) => it.Body),
      ["a"],
    );
  }),
  batches("sqs-batch-ten", "Ten messages of a batch all arrive.", async (w) => {
    const queue = await w.makeQueue();
    const ten = Array.from({ length: 10 }, (_, n) => ({ Id: `${n}`, MessageBody: `m${n}` }));
    assert.equal((await batch(w, queue, ten)).Successful?.length, 10);
    sameItems(
      (await collect(w, queue, 10)).map((it) => it.Body),
      ten.map((it) => it.MessageBody),
    );
  }),
  ...refusedBatches.map(([id, says, code, make]) =>
    batches(`sqs-batch-${id}`, says, async (w) => refused(batch(w, await w.makeQueue(), make()), code, 400)),
  ),
  sqsApi("API_DeleteMessageBatch")(
    "sqs-delete-batch",
    "Messages are deleted in a batch, each told on its own.",
    async (w) => {
      const queue = await w.makeQueue();
      for (const body of ["a", "b"]) await send(w, queue, body);
      const received = await collect(w, queue, 2);
      const Entries = received.map((it, n) => ({ Id: `${n}`, ReceiptHandle: it.ReceiptHandle }));
      const command = new DeleteMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [...Entries, { Id: "bad", ReceiptHandle: "nonsense" }],
      });
      const { Successful = [], Failed = [] } = await w.sqs.send(command);
      sameItems(
        Successful.map((it) => it.Id),
        ["0", "1"],
      );
      assert.deepEqual(
        Failed.map((it) => [it.Id, it.Code]),
        [["bad", "ReceiptHandleIsInvalid"]],
      );
    },
  ),
];
