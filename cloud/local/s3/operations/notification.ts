import { randomUUID } from "node:crypto";
import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { respondEmpty, respondXml, type S3Operation } from "../call.ts";
import { announceTest } from "../events.ts";
import { overlap, readRules, supportedEvents, type NotificationRule } from "../notification-rules.ts";
import { listOf, malformed, parseXml, readText, textOf, type Element } from "../xml-body.ts";
import type { XmlFields } from "../xml.ts";

export const getNotification: S3Operation = async (call) => {
  const { state, bucket } = call;
  const { notifications } = await state.group.run(() => requireBucket(state, bucket));
  respondXml(call, "NotificationConfiguration", {
    QueueConfiguration: readRules(notifications).map((rule) => ({
      Id: rule.id,
      Queue: rule.queue,
      Event: rule.events,
      ...filterElement(rule),
    })),
  });
};

function filterElement({ prefix, suffix }: NotificationRule): XmlFields {
  const rules = [
    ...(prefix === "" ? [] : [{ Name: "Prefix", Value: prefix }]),
    ...(suffix === "" ? [] : [{ Name: "Suffix", Value: suffix }]),
  ];
  return rules.length === 0 ? {} : { Filter: { S3Key: { FilterRule: rules } } };
}

/** Replaces the bucket's rules, and sends a test event to every queue that they name. */
export const putNotification: S3Operation = async (call) => {
  const { state, bucket, exchange } = call;
  const rules = readConfiguration(await readText(call));
  const unchecked = exchange.head.headers.get("x-amz-skip-destination-validation") === "true";
  await state.group.run(() => {
    requireBucket(state, bucket);
    const queues = new Set(rules.map(({ queue }) => queue));
    for (const queue of queues) if (!unchecked && !state.events.accepts(queue)) throw cannotValidate(queue);
    state.buckets.setNotifications(bucket, rules.length === 0 ? null : JSON.stringify(rules));
    for (const queue of queues) announceTest(call, queue);
  });
  respondEmpty(call, 200);
};

const cannotValidate = (queue: string) =>
  new AwsError("InvalidArgument", "Unable to validate the following destination configurations", {
    ArgumentName: queue,
    ArgumentValue: "The destination queue does not exist",
  });

const paths = [
  "QueueConfiguration",
  "QueueConfiguration.Event",
  "QueueConfiguration.Filter.S3Key.FilterRule",
];

function readConfiguration(text: string): NotificationRule[] {
  const lists = paths.map((path) => `NotificationConfiguration.${path}`);
  const root = parseXml(text, "NotificationConfiguration", lists);
  for (const name of ["TopicConfiguration", "CloudFunctionConfiguration", "EventBridgeConfiguration"]) {
    if (listOf(root, name).length > 0)
      throw new AwsError("NotImplemented", `The embedded cloud does not support ${name}.`);
  }
  const rules = listOf(root, "QueueConfiguration").map((element) => readRule(element));
  const clash = rules.some((a, index) => rules.slice(index + 1).some((b) => overlap(a, b)));
  if (clash) {
    throw new AwsError(
      "InvalidArgument",
      "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
    );
  }
  return rules;
}

function readRule(element: Element): NotificationRule {
  const events = listOf(element, "Event").map((event) => (typeof event === "string" ? event.trim() : ""));
  const unknown = events.find((event) => !supportedEvents.has(event));
  if (unknown !== undefined) {
    throw new AwsError("InvalidArgument", "The event is not supported for notifications", {
      ArgumentName: "Event",
      ArgumentValue: unknown,
    });
  }
  const queue = textOf(element, "Queue");
  if (queue === undefined || events.length === 0) throw malformed();
  return { id: textOf(element, "Id") ?? randomUUID(), queue, events, ...readFilter(element) };
}

function readFilter(element: Element): { prefix: string; suffix: string } {
  const found = { prefix: "", suffix: "" };
  const rules = listOf(element, "Filter")
    .flatMap((filter) => listOf(filter, "S3Key"))
    .flatMap((key) => listOf(key, "FilterRule"));
  const seen = new Set<string>();
  for (const rule of rules) {
    const name = textOf(rule, "Name")?.toLowerCase() ?? "";
    if ((name !== "prefix" && name !== "suffix") || seen.has(name)) {
      throw new AwsError("InvalidArgument", "filter rule name must be either prefix or suffix, each once");
    }
    seen.add(name);
    found[name] = valueOf(rule);
  }
  return found;
}

/** Not trimmed: a key may start or end with spaces. */
const valueOf = (rule: Element) =>
  typeof rule !== "string" && typeof rule["Value"] === "string" ? rule["Value"] : "";
