import { expect, onTestFinished } from "vitest";
import type { Clock } from "../../base/clock.ts";
import {
  type Attribute,
  CreateDomainCommand,
  DeleteAttributesCommand,
  GetAttributesCommand,
  PutAttributesCommand,
  type ReplaceableAttribute,
  SelectCommand,
  SimpleDBClient,
  type UpdateCondition,
} from "../../cloud/aws/simpledb/index.ts";
import { startCloud } from "../../cloud/local/server.ts";
import { tempFolder } from "./temp-folder.ts";

/** An embedded cloud and a client of its SimpleDB, both closed when the test is over. */
export async function simpleDbCloud(options: { dir?: string; clock?: Clock } = {}) {
  const reports: unknown[] = [];
  const cloud = await startCloud({
    ...options,
    dir: options.dir ?? (await tempFolder()),
    report: (error) => reports.push(error),
  });
  const { endpoint, region, credentials } = cloud;
  const client = new SimpleDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  onTestFinished(async () => {
    client.destroy();
    await cloud.close();
  });
  return { cloud, client, reports };
}

export const DomainName = "mydomain";

/** Creates the domain, and answers its everyday calls. */
export async function domain(client: SimpleDBClient) {
  await client.send(new CreateDomainCommand({ DomainName }));
  return {
    put: (ItemName: string, Attributes: ReplaceableAttribute[], Expected?: UpdateCondition) =>
      client.send(new PutAttributesCommand({ DomainName, ItemName, Attributes, Expected })),
    drop: (ItemName: string, Attributes?: { Name: string; Value?: string }[], Expected?: UpdateCondition) =>
      client.send(new DeleteAttributesCommand({ DomainName, ItemName, Attributes, Expected })),
    get: async (ItemName: string, AttributeNames?: string[]) => {
      const command = new GetAttributesCommand({
        DomainName,
        ItemName,
        AttributeNames,
        ConsistentRead: true,
      });
      return ((await client.send(command)).Attributes ?? []).map(pair);
    },
    names: async (where: string) => {
      const SelectExpression = `select itemName() from ${DomainName} ${where}`;
      return ((await client.send(new SelectCommand({ SelectExpression }))).Items ?? []).map((it) => it.Name);
    },
  };
}

/** An attribute as `name=value`. */
export const pair = ({ Name, Value }: Attribute) => `${Name}=${Value}`;

/** An error of this name, with this HTTP status. */
export const refusal = (name: string, httpStatusCode: number) =>
  expect.objectContaining({ name, $metadata: expect.objectContaining({ httpStatusCode }) as unknown });
