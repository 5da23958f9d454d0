import type {
  $SchemaRef,
  StaticListSchema,
  StaticOperationSchema,
  StaticSimpleSchema,
  StaticStructureSchema,
} from "@smithy/types";

/** What the wire carries, in the SDK's notation for schemas: number tags, so that a client needs no code per shape. */
export const NAMESPACE = "com.amazonaws.simpledb";

const STRING = 0;
const NUMBER = 1;
const BOOLEAN = 2;

const structure = (name: string, members: Record<string, $SchemaRef>): StaticStructureSchema => [
  3,
  NAMESPACE,
  name,
  0,
  Object.keys(members),
  Object.values(members),
];

const list = (name: string, member: $SchemaRef): StaticListSchema => [1, NAMESPACE, name, 0, member];

/** `Attribute.1.…`, `Attribute.2.…` in requests, repeated `<Attribute>` in answers. */
const repeated = (xmlName: string, member: $SchemaRef): $SchemaRef => [
  list(`${xmlName}List`, member),
  { xmlFlattened: 1, xmlName },
];

const named = (xmlName: string): $SchemaRef => [
  [0, NAMESPACE, "String", 0, STRING] satisfies StaticSimpleSchema,
  { xmlName },
];

const attribute = structure("Attribute", {
  Name: STRING,
  AlternateNameEncoding: STRING,
  Value: STRING,
  AlternateValueEncoding: STRING,
});
const replaceable = structure("ReplaceableAttribute", { Name: STRING, Value: STRING, Replace: BOOLEAN });
const deletable = structure("DeletableAttribute", { Name: STRING, Value: STRING });
const condition = structure("UpdateCondition", { Name: STRING, Value: STRING, Exists: BOOLEAN });
const item = structure("Item", {
  Name: STRING,
  AlternateNameEncoding: STRING,
  Attributes: repeated("Attribute", attribute),
});
const replaceableItem = structure("ReplaceableItem", {
  Name: named("ItemName"),
  Attributes: repeated("Attribute", replaceable),
});
const deletableItem = structure("DeletableItem", {
  Name: named("ItemName"),
  Attributes: repeated("Attribute", deletable),
});

function operation(
  name: string,
  input: Record<string, $SchemaRef>,
  output?: Record<string, $SchemaRef>,
): StaticOperationSchema {
  const result = output === undefined ? "unit" : structure(`${name}Result`, output);
  return [9, NAMESPACE, name, 0, structure(`${name}Request`, input), result];
}

export const BatchDeleteAttributes$ = operation("BatchDeleteAttributes", {
  DomainName: STRING,
  Items: repeated("Item", deletableItem),
});
export const BatchPutAttributes$ = operation("BatchPutAttributes", {
  DomainName: STRING,
  Items: repeated("Item", replaceableItem),
});
export const CreateDomain$ = operation("CreateDomain", { DomainName: STRING });
export const DeleteAttributes$ = operation("DeleteAttributes", {
  DomainName: STRING,
  ItemName: STRING,
  Attributes: repeated("Attribute", deletable),
  Expected: condition,
});
export const DeleteDomain$ = operation("DeleteDomain", { DomainName: STRING });
export const DomainMetadata$ = operation(
  "DomainMetadata",
  { DomainName: STRING },
  {
    ItemCount: NUMBER,
    ItemNamesSizeBytes: NUMBER,
    AttributeNameCount: NUMBER,
    AttributeNamesSizeBytes: NUMBER,
    AttributeValueCount: NUMBER,
    AttributeValuesSizeBytes: NUMBER,
    Timestamp: NUMBER,
  },
);
export const GetAttributes$ = operation(
  "GetAttributes",
  {
    DomainName: STRING,
    ItemName: STRING,
    AttributeNames: repeated("AttributeName", STRING),
    ConsistentRead: BOOLEAN,
  },
  { Attributes: repeated("Attribute", attribute) },
);
export const ListDomains$ = operation(
  "ListDomains",
  { MaxNumberOfDomains: NUMBER, NextToken: STRING },
  { DomainNames: repeated("DomainName", STRING), NextToken: STRING },
);
export const PutAttributes$ = operation("PutAttributes", {
  DomainName: STRING,
  ItemName: STRING,
  Attributes: repeated("Attribute", replaceable),
  Expected: condition,
});
export const Select$ = operation(
  "Select",
  { SelectExpression: STRING, NextToken: STRING, ConsistentRead: BOOLEAN },
  { Items: repeated("Item", item), NextToken: STRING },
);
