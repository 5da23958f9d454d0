import { AwsError } from "../aws-error.ts";
import type { RequestHead } from "../http/head.ts";
import { Input } from "./input.ts";
import { fieldsOf } from "./query-input.ts";
import { answerDocument, errorDocument } from "./query-output.ts";
import type { WireProtocol } from "./wire-protocol.ts";

const VERSIONS = new Set(["2012-11-05", "2011-10-01", "2009-02-01", "2008-01-01"]);

/**
 * The AWS query protocol (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html): parameters in the query or in
 * a posted form, answers in XML. The queue is named by the path, or by the parameter QueueUrl.
 */
export const queryProtocol: WireProtocol = {
  contentType: "text/xml",
  read(head, body) {
    const pairs = [...head.query, ...new URLSearchParams(body.toString())];
    const action = pairs.find(([name]) => name === "Action")?.[1];
    const version = pairs.find(([name]) => name === "Version")?.[1];
    if (action === undefined) {
      throw new AwsError("MissingAction", "The request must contain the parameter Action.");
    }
    if (version !== undefined && !VERSIONS.has(version)) {
      throw new AwsError("NoSuchVersion", `The requested version ( ${version} ) is not valid.`);
    }
    return { action, input: () => new Input(inputFields(head, action, pairs)) };
  },
  unknownAction: (action) =>
    new AwsError("InvalidAction", `The action ${action} is not valid for this endpoint.`),
  answer: answerDocument,
  refusal: ({ queryCode, sender }, message, requestId) => ({
    text: errorDocument({ sender, code: queryCode, message }, requestId),
    headers: {},
  }),
};

function inputFields(
  head: RequestHead,
  action: string,
  pairs: readonly (readonly [string, string])[],
): Record<string, unknown> {
  const fields = fieldsOf(pairs);
  return {
    ...fields,
    ...(fields["QueueUrl"] === undefined && head.rawPath !== "/" ? { QueueUrl: head.rawPath } : {}),
    // This one operation spells its tags with a small letter.
    ...(action === "CreateQueue" && fields["Tags"] !== undefined ? { tags: fields["Tags"] } : {}),
  };
}
