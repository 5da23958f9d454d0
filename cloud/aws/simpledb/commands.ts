import { makeBuilder } from "@smithy/core/client";
import { getEndpointPlugin } from "@smithy/core/endpoints";
import type { StaticOperationSchema } from "@smithy/types";
import type { SimpleDBClientResolvedConfig } from "./config.ts";
import type {
  BatchDeleteAttributesRequest,
  BatchPutAttributesRequest,
  DeleteAttributesRequest,
  DomainMetadataResult,
  DomainRequest,
  GetAttributesRequest,
  GetAttributesResult,
  ListDomainsRequest,
  ListDomainsResult,
  PutAttributesRequest,
  SelectRequest,
  SelectResult,
  ServiceInputTypes,
  ServiceOutputTypes,
  SimpleDBOutput,
} from "./models.ts";
import * as schemas from "./schemas.ts";

const build = makeBuilder<SimpleDBClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>(
  {
    Endpoint: { type: "builtInParams", name: "endpoint" },
    Region: { type: "builtInParams", name: "region" },
  },
  "AmazonSimpleDB",
  "SimpleDBClient",
  getEndpointPlugin,
);

function command<I extends ServiceInputTypes, O extends ServiceOutputTypes>(schema: StaticOperationSchema) {
  return build<I, O>({}, () => [], schema[2], schema);
}

export class BatchDeleteAttributesCommand extends command<BatchDeleteAttributesRequest, SimpleDBOutput>(
  schemas.BatchDeleteAttributes$,
) {}
export class BatchPutAttributesCommand extends command<BatchPutAttributesRequest, SimpleDBOutput>(
  schemas.BatchPutAttributes$,
) {}
export class CreateDomainCommand extends command<DomainRequest, SimpleDBOutput>(schemas.CreateDomain$) {}
export class DeleteAttributesCommand extends command<DeleteAttributesRequest, SimpleDBOutput>(
  schemas.DeleteAttributes$,
) {}
export class DeleteDomainCommand extends command<DomainRequest, SimpleDBOutput>(schemas.DeleteDomain$) {}
export class DomainMetadataCommand extends command<DomainRequest, DomainMetadataResult>(
  schemas.DomainMetadata$,
) {}
export class GetAttributesCommand extends command<GetAttributesRequest, GetAttributesResult>(
  schemas.GetAttributes$,
) {}
export class ListDomainsCommand extends command<ListDomainsRequest, ListDomainsResult>(
  schemas.ListDomains$,
) {}
export class PutAttributesCommand extends command<PutAttributesRequest, SimpleDBOutput>(
  schemas.PutAttributes$,
) {}
export class SelectCommand extends command<SelectRequest, SelectResult>(schemas.Select$) {}
