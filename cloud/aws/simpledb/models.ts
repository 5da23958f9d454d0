import type { MetadataBearer, ResponseMetadata } from "@smithy/types";

/**
 * The requests and answers of the SimpleDB API, version 2009-04-15, named and spelt as in the API reference
 * (https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/SDB_API_Operations.html).
 * Names and values are at most 1,024 bytes of UTF-8 each.
 */
export interface Attribute {
  Name: string;
  /** `base64` when the name holds what XML cannot carry; `Name` is then encoded so. */
  AlternateNameEncoding?: string | undefined;
  Value: string;
  /** As `AlternateNameEncoding`, for the value. */
  AlternateValueEncoding?: string | undefined;
}

export interface ReplaceableAttribute {
  Name: string;
  Value: string;
  /** Removes the attribute's other values; otherwise the value is added to them. */
  Replace?: boolean | undefined;
}

/** One value only: SimpleDB keeps to it all copies of a name if `Value` is left out. */
export interface DeletableAttribute {
  Name: string;
  Value?: string | undefined;
}

/** The write happens only if the attribute has this one value, or, with `Exists: false`, no value at all. */
export interface UpdateCondition {
  Name?: string | undefined;
  Value?: string | undefined;
  Exists?: boolean | undefined;
}

export interface Item {
  Name: string;
  AlternateNameEncoding?: string | undefined;
  Attributes: Attribute[];
}

export interface ReplaceableItem {
  Name: string;
  Attributes: ReplaceableAttribute[];
}

export interface DeletableItem {
  Name: string;
  /** None: the whole item. */
  Attributes?: DeletableAttribute[] | undefined;
}

export interface DomainRequest {
  DomainName: string;
}

export interface PutAttributesRequest extends DomainRequest {
  ItemName: string;
  Attributes: ReplaceableAttribute[];
  Expected?: UpdateCondition | undefined;
}

export interface DeleteAttributesRequest extends DomainRequest {
  ItemName: string;
  /** None: the whole item. */
  Attributes?: DeletableAttribute[] | undefined;
  Expected?: UpdateCondition | undefined;
}

export interface BatchPutAttributesRequest extends DomainRequest {
  /** At most 25. */
  Items: ReplaceableItem[];
}

export interface BatchDeleteAttributesRequest extends DomainRequest {
  /** At most 25. */
  Items: DeletableItem[];
}

export interface GetAttributesRequest extends DomainRequest {
  ItemName: string;
  AttributeNames?: string[] | undefined;
  ConsistentRead?: boolean | undefined;
}

export interface ListDomainsRequest {
  /** 1 to 100, which is the default. */
  MaxNumberOfDomains?: number | undefined;
  NextToken?: string | undefined;
}

export interface SelectRequest {
  SelectExpression: string;
  NextToken?: string | undefined;
  ConsistentRead?: boolean | undefined;
}

/** `$metadata` of every answer and error of SimpleDB. */
export interface SimpleDBMetadata extends ResponseMetadata {
  /** Hours of a machine that the request took, which SimpleDB bills. */
  boxUsage?: number | undefined;
}

export interface SimpleDBOutput extends MetadataBearer {
  $metadata: SimpleDBMetadata;
}

export interface GetAttributesResult extends SimpleDBOutput {
  Attributes?: Attribute[] | undefined;
}

export interface ListDomainsResult extends SimpleDBOutput {
  DomainNames?: string[] | undefined;
  NextToken?: string | undefined;
}

export interface SelectResult extends SimpleDBOutput {
  Items?: Item[] | undefined;
  NextToken?: string | undefined;
}

export interface DomainMetadataResult extends SimpleDBOutput {
  ItemCount?: number | undefined;
  ItemNamesSizeBytes?: number | undefined;
  AttributeNameCount?: number | undefined;
  AttributeNamesSizeBytes?: number | undefined;
  AttributeValueCount?: number | undefined;
  AttributeValuesSizeBytes?: number | undefined;
  /** When this was counted, seconds since the epoch. */
  Timestamp?: number | undefined;
}

export type ServiceInputTypes =
  | BatchDeleteAttributesRequest
  | BatchPutAttributesRequest
  | DeleteAttributesRequest
  | DomainRequest
  | GetAttributesRequest
  | ListDomainsRequest
  | PutAttributesRequest
  | SelectRequest;

export type ServiceOutputTypes =
  | DomainMetadataResult
  | GetAttributesResult
  | ListDomainsResult
  | SelectResult
  | SimpleDBOutput;
