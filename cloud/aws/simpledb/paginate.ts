import { createPaginator } from "@smithy/core";
import type { PaginationConfiguration, Paginator } from "@smithy/types";
import { SimpleDBClient } from "./client.ts";
import { ListDomainsCommand, SelectCommand } from "./commands.ts";
import type { ListDomainsRequest, ListDomainsResult, SelectRequest, SelectResult } from "./models.ts";

export interface SimpleDBPaginationConfiguration extends PaginationConfiguration {
  client: SimpleDBClient;
}

type Paginate<Input, Output extends object> = (
  config: SimpleDBPaginationConfiguration,
  input: Input,
  options?: { abortSignal?: AbortSignal },
) => Paginator<Output>;

/** Every page of a select; one page has at most 1 MB and the expression's own limit. */
export const paginateSelect = createPaginator(
  SimpleDBClient,
  SelectCommand,
  "NextToken",
  "NextToken",
  "",
) as unknown as Paginate<SelectRequest, SelectResult>;

export const paginateListDomains = createPaginator(
  SimpleDBClient,
  ListDomainsCommand,
  "NextToken",
  "NextToken",
  "MaxNumberOfDomains",
) as unknown as Paginate<ListDomainsRequest, ListDomainsResult>;
