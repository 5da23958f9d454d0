const NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/";

/** Maps, flattened into one element for each entry: its name, and what its key is called. */
const maps: Readonly<Record<string, readonly [element: string, key: string]>> = {
  Attributes: ["Attribute", "Name"],
  MessageAttributes: ["MessageAttribute", "Name"],
  Tags: ["Tag", "Key"],
};

/** Lists, flattened as well. */
const lists: Readonly<Record<string, string>> = {
  Failed: "BatchResultErrorEntry",
  Messages: "Message",
  queueUrls: "QueueUrl",
  QueueUrls: "QueueUrl",
  Results: "ListMessageMoveTasksResultEntry",
};

/** Actions whose answer has no result element. */
const silent = new Set([
  "AddPermission",
  "ChangeMessageVisibility",
  "DeleteMessage",
  "DeleteQueue",
  "PurgeQueue",
  "RemovePermission",
  "SetQueueAttributes",
  "TagQueue",
  "UntagQueue",
]);

/** The answer of an action in the query protocol. */
export function answerDocument(
  action: string,
  output: Readonly<Record<string, unknown>>,
  requestId: string,
): string {
  const result = silent.has(action) ? "" : element(`${action}Result`, contentOf(output, action));
  const metadata = element("ResponseMetadata", text("RequestId", requestId));
  return `<?xml version="1.0"?><${action}Response xmlns="${NAMESPACE}">${result}${metadata}</${action}Response>`;
}

/** A refusal in the query protocol. */
export function errorDocument(
  error: { sender: boolean; code: string; message: string },
  requestId: string,
): string {
  const inner =
    text("Type", error.sender ? "Sender" : "Receiver") +
    text("Code", error.code) +
    text("Message", error.message) +
    "<Detail/>";
  return `<?xml version="1.0"?><ErrorResponse xmlns="${NAMESPACE}">${element("Error", inner)}${text("RequestId", requestId)}</ErrorResponse>`;
}

function contentOf(fields: Readonly<Record<string, unknown>>, action: string): string {
  return Object.entries(fields)
    .map(([name, value]) => fieldOf(name, value, action))
    .join("");
}

function fieldOf(name: string, value: unknown, action: string): string {
  const list = name === "Successful" ? `${action}ResultEntry` : lists[name];
  const map = maps[name];
  if (list !== undefined && Array.isArray(value)) {
    return value.map((item: unknown) => fieldOf(list, item, action)).join("");
  }
  if (typeof value !== "object" || value === null) return text(name, String(value));
  if (map === undefined) return element(name, contentOf(value as Record<string, unknown>, action));
  const [entry, key] = map;
  return Object.entries(value)
    .map(([itsKey, its]) => element(entry, text(key, itsKey) + fieldOf("Value", its, action)))
    .join("");
}

const element = (name: string, inner: string) => `<${name}>${inner}</${name}>`;

const text = (name: string, value: string) => element(name, escapeXml(value));

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/**
 * A carriage return becomes a reference: a reader would make a line feed of a raw one. What XML cannot carry never
 * gets into a message; in an error that repeats somebody's input it becomes a replacement character.
 */
function escapeXml(value: string): string {
  return value
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replaceAll(/[&<>"\r]/g, (one) => entities[one] ?? one);
}
