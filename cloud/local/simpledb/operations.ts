import { batchDeleteAttributes, deleteAttributes } from "./operations/delete-attributes.ts";
import { createDomain, deleteDomain, domainMetadata, listDomains } from "./operations/domains.ts";
import { getAttributes } from "./operations/get-attributes.ts";
import { batchPutAttributes, putAttributes } from "./operations/put-attributes.ts";
import { select } from "./operations/select.ts";
import type { Operation } from "./state.ts";

/** Every action of the SimpleDB API, by its name on the wire. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["BatchDeleteAttributes", batchDeleteAttributes],
  ["BatchPutAttributes", batchPutAttributes],
  ["CreateDomain", createDomain],
  ["DeleteAttributes", deleteAttributes],
  ["DeleteDomain", deleteDomain],
  ["DomainMetadata", domainMetadata],
  ["GetAttributes", getAttributes],
  ["ListDomains", listDomains],
  ["PutAttributes", putAttributes],
  ["Select", select],
]);
