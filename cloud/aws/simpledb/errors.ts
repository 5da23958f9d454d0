import { ServiceException, type ServiceExceptionOptions } from "@smithy/core/client";
import { TypeRegistry } from "@smithy/core/schema";
import type { StaticErrorSchema } from "@smithy/types";
import type { SimpleDBMetadata } from "./models.ts";
import { NAMESPACE } from "./schemas.ts";

const SYNTHETIC = `smithy.ts.sdk.synthetic.${NAMESPACE}`;

/** Thrown when SimpleDB refuses a request: `name` is its error code, also for those that have no class here. */
export class SimpleDBServiceException extends ServiceException {
  static override readonly shapeId: string = `${SYNTHETIC}#SimpleDBServiceException`;
  declare $metadata: SimpleDBMetadata;
  /** Hours of a machine that the refused request took. */
  declare readonly BoxUsage?: number;

  constructor(options: ServiceExceptionOptions) {
    super(options);
    Object.setPrototypeOf(this, SimpleDBServiceException.prototype);
  }
}

type ExceptionOptions = Partial<ServiceExceptionOptions> & Pick<ServiceExceptionOptions, "$metadata">;

const registry = new TypeRegistry(NAMESPACE);
const base = new TypeRegistry(SYNTHETIC);
base.registerError([-3, SYNTHETIC, "SimpleDBServiceException", 0, [], []], SimpleDBServiceException);

/** What the protocol looks error codes up in. */
export const errorTypeRegistries = [base, registry];

/** A class for the error code; each is the client's fault. */
function exception(code: string, httpStatus: number) {
  const known = class extends SimpleDBServiceException {
    static override readonly shapeId: string = `${NAMESPACE}#${code}`;

    constructor(options: ExceptionOptions) {
      super({ ...options, name: code, $fault: "client" });
      Object.setPrototypeOf(this, known.prototype);
    }
  };
  Object.defineProperty(known, "name", { value: code });
  const traits = {
    awsQueryError: [code, httpStatus] as const,
    error: "client",
    httpError: httpStatus,
  } as const;
  const schema: StaticErrorSchema = [-3, NAMESPACE, code, traits, ["BoxUsage"], [1]];
  registry.registerError(schema, known);
  return known;
}

/** Those of the service's model: https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/APIError.html */
export const AttributeDoesNotExist = exception("AttributeDoesNotExist", 404);
export const DuplicateItemName = exception("DuplicateItemName", 400);
export const InvalidNextToken = exception("InvalidNextToken", 400);
export const InvalidNumberPredicates = exception("InvalidNumberPredicates", 400);
export const InvalidNumberValueTests = exception("InvalidNumberValueTests", 400);
export const InvalidParameterValue = exception("InvalidParameterValue", 400);
export const InvalidQueryExpression = exception("InvalidQueryExpression", 400);
export const MissingParameter = exception("MissingParameter", 400);
export const NoSuchDomain = exception("NoSuchDomain", 400);
export const NumberDomainAttributesExceeded = exception("NumberDomainAttributesExceeded", 409);
export const NumberDomainBytesExceeded = exception("NumberDomainBytesExceeded", 409);
export const NumberDomainsExceeded = exception("NumberDomainsExceeded", 409);
export const NumberItemAttributesExceeded = exception("NumberItemAttributesExceeded", 409);
export const NumberSubmittedAttributesExceeded = exception("NumberSubmittedAttributesExceeded", 409);
export const NumberSubmittedItemsExceeded = exception("NumberSubmittedItemsExceeded", 409);
export const RequestTimeout = exception("RequestTimeout", 408);
export const TooManyRequestedAttributes = exception("TooManyRequestedAttributes", 400);

/** Two that the model leaves out and everybody who writes under a condition needs. */
export const ConditionalCheckFailed = exception("ConditionalCheckFailed", 409);
export const MultiValuedAttribute = exception("MultiValuedAttribute", 409);
