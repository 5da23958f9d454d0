/** What `@aws-sdk/client-simpledb` would export, had it been published. Drover itself imports the files below. */
export { SimpleDBClient } from "./client.ts";
export * from "./commands.ts";
export type { SimpleDBClientConfig } from "./config.ts";
export * from "./errors.ts";
export type * from "./models.ts";
export { paginateListDomains, paginateSelect } from "./paginate.ts";
