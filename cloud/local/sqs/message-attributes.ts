import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Input } from "./input.ts";

/** As it stands on the wire; binary values in base64. */
interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

const MAX_ATTRIBUTES = 10;

/** Reads and checks message attributes; undefined when there are none. */
export function readMessageAttributes(input: Input): MessageAttributes | undefined {
  const fields = input.object("MessageAttributes");
  const names = fields?.names() ?? [];
  if (fields === undefined || names.length === 0) return undefined;
  if (names.length > MAX_ATTRIBUTES) {
    throw invalid(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, readOne(name, fields.object(name))]));
}

/**
 * Reads the system attributes a sender may give: the X-Ray trace header and nothing else. They do not count towards
 * the size of a message. Throws AwsError `InvalidParameterValue`.
 */
export function readSystemAttributes(input: Input): MessageAttributes | undefined {
  const fields = input.object("MessageSystemAttributes");
  const names = fields?.names() ?? [];
  if (fields === undefined || names.length === 0) return undefined;
  return Object.fromEntries(
    names.map((name) => {
      const type = fields.object(name)?.optionalText("DataType");
      if (name !== "AWSTraceHeader") throw invalid(`Message system attribute name '${name}' is invalid.`);
      if (type !== "String") throw invalid(`Message system attribute '${name}' must be of type String.`);
      return [name, readValue(name, type, fields.object(name))];
    }),
  );
}

function readOne(name: string, input: Input | undefined): MessageAttribute {
  if (!/^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/.test(name) || /^(aws|amazon)\./i.test(name)) {
    throw invalid(`The message attribute name '${name}' is invalid.`);
  }
  return readValue(name, input?.optionalText("DataType") ?? "", input);
}

function readValue(name: string, type: string, input: Input | undefined): MessageAttribute {
  const kind = /^(String|Number|Binary)(\.[^\s]{1,250})?$/.exec(type)?.[1];
  if (kind === undefined) {
    throw invalid(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const value = input?.optionalText(kind === "Binary" ? "BinaryValue" : "StringValue");
  if (!value) throw invalid(`Message attribute '${name}' must contain a non-empty value of type ${kind}.`);
  if (kind === "Number" && !Number.isFinite(Number(value))) {
    throw invalid(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  if (kind === "String") checkCharacters(value);
  return kind === "Binary" ? { DataType: type, BinaryValue: value } : { DataType: type, StringValue: value };
}

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);

/** What XML 1.0 can carry. Throws AwsError `InvalidMessageContents` for anything else. */
export function checkCharacters(text: string): void {
  if (!/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(text)) return;
  throw new AwsError(
    "InvalidMessageContents",
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
  );
}

const bytesOf = ({ StringValue, BinaryValue }: MessageAttribute) =>
  BinaryValue === undefined ? Buffer.from(StringValue ?? "") : Buffer.from(BinaryValue, "base64");

/** Names, types and values count towards the size of a message. */
export function attributesSize(attributes: MessageAttributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, attribute]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + bytesOf(attribute).byteLength,
    0,
  );
}

/**
 * The digest by which a client checks what it sent or received: of each attribute in the order of names, the
 * length and bytes of name and type, a byte for the kind of value, the length and bytes of the value
 * (SQS developer guide, "Calculating the MD5 message digest for message attributes").
 */
export function attributesMd5(attributes: MessageAttributes): string {
  const md5 = createHash("md5");
  const update = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    md5.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).toSorted()) {
    const attribute = attributes[name] ?? { DataType: "String" };
    update(Buffer.from(name));
    update(Buffer.from(attribute.DataType));
    md5.update(Buffer.of(attribute.BinaryValue === undefined ? 1 : 2));
    update(bytesOf(attribute));
  }
  return md5.digest("hex");
}

/** Those attributes whose names were asked for: a name, `prefix.*`, `.*` or `All`. */
export function selectAttributes(
  attributes: MessageAttributes,
  wanted: readonly string[],
): MessageAttributes | undefined {
  const matches = (name: string) =>
    wanted.some(
      (one) =>
        one === "All" ||
        one === ".*" ||
        (one.endsWith(".*") ? name.startsWith(one.slice(0, -2)) : one === name),
    );
  const chosen = Object.entries(attributes).filter(([name]) => matches(name));
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}
