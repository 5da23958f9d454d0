import { AwsError } from "../aws-error.ts";
import { Input } from "./input.ts";
import type { WireProtocol } from "./wire-protocol.ts";

const TARGET = "AmazonSQS.";

/** AWS JSON 1.0 (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html) for SQS. */
export const jsonProtocol: WireProtocol = {
  contentType: "application/x-amz-json-1.0",
  read(head, body) {
    const target = head.headers.get("x-amz-target") ?? "";
    if (!target.startsWith(TARGET)) throw unknownTarget(target);
    return { action: target.slice(TARGET.length), input: () => readInput(body) };
  },
  unknownAction: (action) => unknownTarget(TARGET + action),
  answer: (_, output) => JSON.stringify(output),
  refusal: ({ queryCode, type, sender }, message) => ({
    text: JSON.stringify({ __type: type, message }),
    // Clients that know the codes of the query protocol find them here.
    headers: { "x-amzn-query-error": `${queryCode};${sender ? "Sender" : "Receiver"}` },
  }),
};

const unknownTarget = (target: string) =>
  new AwsError("UnsupportedOperation", `The embedded cloud has no operation '${target}'.`);

function readInput(body: Buffer): Input {
  let fields: unknown;
  try {
    fields = body.byteLength === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new AwsError("SerializationException", "The request body is not valid JSON.");
  }
  return new Input(fields);
}
