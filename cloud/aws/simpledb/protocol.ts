import { AwsQueryProtocol } from "@aws-sdk/core/protocols";
import { collectBody } from "@smithy/core/protocols";
import type {
  HandlerExecutionContext,
  HttpResponse,
  MetadataBearer,
  OperationSchema,
  ResponseMetadata,
  SerdeFunctions,
} from "@smithy/types";
import type { SimpleDBMetadata } from "./models.ts";

/**
 * The AWS query protocol with SimpleDB's three peculiarities: the request id and the box usage stand in the body
 * (`<RequestId>` in answers, `<RequestID>` in errors), and names and values that XML cannot carry are marked by an
 * XML attribute, `<Value encoding="base64">`, which becomes `AlternateValueEncoding`
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/InvalidCharacters.html).
 */
export class SimpleDBProtocol extends AwsQueryProtocol {
  override async deserializeResponse<Output extends MetadataBearer>(
    operation: OperationSchema,
    context: HandlerExecutionContext & SerdeFunctions,
    response: HttpResponse,
  ): Promise<Output> {
    const text = new TextDecoder().decode(await collectBody(response.body, context));
    response.body = new TextEncoder().encode(withEncodings(text));
    const found = metadataOf(text);
    try {
      const output = await super.deserializeResponse<Output>(operation, context, response);
      Object.assign(output.$metadata, found);
      return output;
    } catch (error) {
      if (hasMetadata(error)) {
        Object.assign(error.$metadata, found);
        if (found.boxUsage !== undefined) error.BoxUsage = found.boxUsage;
      }
      throw error;
    }
  }
}

function metadataOf(xml: string): Partial<SimpleDBMetadata> {
  const requestId = /<RequestI[dD]>([^<]*)</.exec(xml)?.[1];
  const boxUsage = /<BoxUsage>([^<]*)</.exec(xml)?.[1];
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(boxUsage === undefined ? {} : { boxUsage: Number(boxUsage) }),
  };
}

/**
 * Text never holds a raw `<`, so tags can be found by a pattern. The SDK's XML reader takes blank text with a line
 * break for indentation and drops it; such a name or value is handed on in base64 as well.
 */
function withEncodings(xml: string): string {
  return xml
    .replaceAll(/<(Name|Value) encoding="(\w+)">/g, "<Alternate$1Encoding>$2</Alternate$1Encoding><$1>")
    .replaceAll(/<(Name|Value)>([ \t\r]*\n\s*)<\/\1>/g, (_, tag: string, blank: string) => {
      const base64 = Buffer.from(blank).toString("base64");
      return `<Alternate${tag}Encoding>base64</Alternate${tag}Encoding><${tag}>${base64}</${tag}>`;
    });
}

function hasMetadata(error: unknown): error is { $metadata: ResponseMetadata; BoxUsage?: number } {
  return typeof error === "object" && error !== null && "$metadata" in error;
}
