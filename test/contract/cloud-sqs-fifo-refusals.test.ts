import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { attributesOf, fifoWorld, invalid, receive, send } from "../support/fifo-world.ts";
import { makeQueue } from "../unit/cloud-local/cloud.ts";

describe("refusals", () => {
  test.each([
    ["no group", { MessageGroupId: undefined }, "MissingParameter"],
    ["a delay of its own", { DelaySeconds: 1 }, "InvalidParameterValue"],
    ["a group with a blank", { MessageGroupId: "a b" }, "InvalidParameterValue"],
    ["an id that is too long", { MessageDeduplicationId: "x".repeat(129) }, "InvalidParameterValue"],
  ])("a message with %s", async (_, more, name) => {
    await expect(send(await fifoWorld(), "m", "g", more)).rejects.toMatchObject({ name });
  });

  test("a message without any deduplication id", async () => {
    await expect(send(await fifoWorld({ ContentBasedDeduplication: "false" }), "m")).rejects.toMatchObject(
      invalid,
    );
  });

  test("a deduplication id on a standard queue; a group is fine there", async () => {
    const { cloud, clock } = await fifoWorld();
    const it = { cloud, clock, url: await makeQueue(cloud, "standard") };
    await expect(send(it, "m", "g", { MessageDeduplicationId: "1" })).rejects.toMatchObject(invalid);
    await send(it, "m", "tenant");
    expect((await receive(it))[0]?.Attributes?.MessageGroupId).toBe("tenant");
  });

  test.each([
    ["a.fifo", {}, "InvalidParameterValue"],
    ["a", { FifoQueue: "true" }, "InvalidParameterValue"],
    ["a", { FifoQueue: "false" }, "InvalidAttributeName"],
    ["a", { ContentBasedDeduplication: "true" }, "InvalidAttributeName"],
    ["b.fifo", { FifoQueue: "true", DeduplicationScope: "world" }, "InvalidAttributeValue"],
    ["b.fifo", { FifoQueue: "true", FifoThroughputLimit: "perMessageGroupId" }, "InvalidAttributeValue"],
    [`${"x".repeat(76)}.fifo`, { FifoQueue: "true" }, "InvalidParameterValue"],
  ])("a queue %s with %o", async (name, attribute, code) => {
    const { cloud } = await fifoWorld();
    await expect(makeQueue(cloud, name, attribute)).rejects.toMatchObject({ name: code });
  });

  test("dead letters of the other kind, and a change of kind", async () => {
    const it = await fifoWorld();
    await makeQueue(it.cloud, "standard");
    const set = (Attributes: Record<string, string>) =>
      it.cloud.sqs.send(new SetQueueAttributesCommand({ QueueUrl: it.url, Attributes }));
    const deadLetterTargetArn = "arn:aws:sqs:us-east-1:000000000000:standard";
    await expect(
      set({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }) }),
    ).rejects.toMatchObject({ ...invalid, message: expect.stringContaining("same type") });
    await expect(set({ FifoQueue: "false" })).rejects.toMatchObject({ name: "InvalidAttributeValue" });
    expect(await attributesOf(it, it.url)).toMatchObject({
      FifoQueue: "true",
      ContentBasedDeduplication: "true",
      DeduplicationScope: "queue",
      FifoThroughputLimit: "perQueue",
    });
  });
});
