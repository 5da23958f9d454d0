import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  ConditionalCheckFailed,
  CreateDomainCommand,
  ListDomainsCommand,
  NoSuchDomain,
  PutAttributesCommand,
  SelectCommand,
  SimpleDBClient,
  type SimpleDBClientConfig,
  SimpleDBServiceException,
} from "../../cloud/aws/simpledb/index.ts";
import * as errors from "../../cloud/aws/simpledb/errors.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { webServer } from "../support/web-server.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

const LISTED =
  '<ListDomainsResponse xmlns="http://sdb.amazonaws.com/doc/2009-04-15/"><ListDomainsResult><DomainName>ddd</DomainName></ListDomainsResult><ResponseMetadata><RequestId>r-1</RequestId><BoxUsage>0.0000071759</BoxUsage></ResponseMetadata></ListDomainsResponse>';
const failed = (code: string) =>
  `<Response><Errors><Error><Code>${code}</Code><Message>Because.</Message><BoxUsage>0.5</BoxUsage></Error></Errors><RequestID>r-2</RequestID></Response>`;

function clientOf(config: SimpleDBClientConfig): SimpleDBClient {
  const client = new SimpleDBClient(config);
  onTestFinished(() => client.destroy());
  return client;
}

/** A server that gives these answers, one after the other, and the last one again. */
async function scripted(...answers: { status?: number; body: string; headers?: Record<string, string> }[]) {
  let next = 0;
  const server = await webServer((_, response) => {
    const {
      status = 200,
      body,
      headers = {},
    } = answers[Math.min(next++, answers.length - 1)] ?? { body: "" };
    response.writeHead(status, { "content-type": "text/xml", ...headers }).end(body);
  });
  const bodies = () => server.seen.map((it) => new URLSearchParams(it.body.toString()));
  return { server, bodies };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a refusal", () => {
  test.each([
    ["NoSuchDomain", 400, NoSuchDomain],
    ["ConditionalCheckFailed", 409, ConditionalCheckFailed],
    ["SomethingNew", 400, SimpleDBServiceException],
  ])("with %s is an exception of that name", async (code, status, type) => {
    const { server } = await scripted({ status, body: failed(code) });
    const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials });
    const refused: unknown = await client
      .send(new CreateDomainCommand({ DomainName: "ddd" }))
      .catch((it: unknown) => it);
    expect(refused).toBeInstanceOf(type);
    expect(refused).toBeInstanceOf(SimpleDBServiceException);
    expect(refused).toMatchObject({
      name: code,
      message: "Because.",
      $fault: "client",
      BoxUsage: 0.5,
      $metadata: { httpStatusCode: status, requestId: "r-2", boxUsage: 0.5, attempts: 1 },
    });
    expect(refused instanceof NoSuchDomain).toBe(code === "NoSuchDomain");
    expect(server.seen).toHaveLength(1);
  });

  test("of the service's model has a class each", async () => {
    const codes = Object.entries(errors).filter(
      ([, it]) => "prototype" in it && it !== SimpleDBServiceException,
    );
    expect(codes).toHaveLength(19);
    for (const [code, type] of codes as [string, typeof NoSuchDomain][]) {
      const { server } = await scripted({ status: 400, body: failed(code) });
      const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials, maxAttempts: 1 });
      const refused: unknown = await client.send(new ListDomainsCommand({})).catch((it: unknown) => it);
      expect(refused, code).toBeInstanceOf(type);
      expect(refused).toMatchObject({ name: code, Code: code });
      expect([type.name, refused instanceof errors.NoSuchDomain]).toEqual([code, code === "NoSuchDomain"]);
    }
  });

  test("by an overloaded service is tried again, signed anew, until it is taken or the attempts are used up", async () => {
    const busy = { status: 503, body: failed("ServiceUnavailable") };
    const { server, bodies } = await scripted(busy, busy, { body: LISTED });
    const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials, maxAttempts: 3 });
    const { DomainNames: names, $metadata: metadata } = await client.send(new ListDomainsCommand({}));
    expect(names).toEqual(["ddd"]);
    expect(metadata).toMatchObject({ attempts: 3, requestId: "r-1", boxUsage: 0.0000071759 });
    for (const body of bodies()) expect(body.getAll("Signature")).toHaveLength(1);

    const { server: always } = await scripted(busy);
    const impatient = clientOf({ endpoint: always.origin, region: "us-east-1", credentials, maxAttempts: 2 });
    await expect(impatient.send(new ListDomainsCommand({}))).rejects.toMatchObject({
      name: "ServiceUnavailable",
      $fault: "server",
    });
    expect(always.seen).toHaveLength(2);
  });

  test("for a wrong clock corrects the clock by the server's, and is tried again", async () => {
    const hourAgo = Date.now() - 3_600_000;
    const date = new Date(hourAgo).toUTCString();
    const { server, bodies } = await scripted(
      { status: 400, body: failed("RequestExpired"), headers: { date } },
      { body: LISTED, headers: { date } },
    );
    const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials });
    await client.send(new ListDomainsCommand({}));
    const [first, second] = bodies().map((it) => Date.parse(it.get("Timestamp") ?? ""));
    expect(first).toBeGreaterThan(hourAgo + 3_000_000);
    expect(Math.abs((second ?? 0) - hourAgo)).toBeLessThan(10_000);
  });
});

describe("a client takes", () => {
  test("credentials, region and endpoint from the environment", async () => {
    const { server, bodies } = await scripted({ body: LISTED });
    const { server: other } = await scripted({ body: LISTED });
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_SESSION_TOKEN", "tok/en==");
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("AWS_ENDPOINT_URL", server.origin);
    await clientOf({}).send(new ListDomainsCommand({}));
    expect(Object.fromEntries(bodies()[0] ?? [])).toMatchObject({
      AWSAccessKeyId: "AKIDENV",
      SecurityToken: "tok/en==",
    });
    vi.stubEnv("AWS_ENDPOINT_URL_SIMPLEDB", other.origin);
    await clientOf({}).send(new ListDomainsCommand({}));
    expect([server.seen.length, other.seen.length]).toEqual([1, 1]);
  });

  test("a profile of the shared files", async () => {
    const { server, bodies } = await scripted({ body: LISTED });
    const dir = join(await tempFolder(), "aws");
    await mkdir(dir);
    await writeFile(
      join(dir, "config"),
      `[profile p]\nregion = us-west-2\nservices = s\n\n[services s]\nsimpledb =\n  endpoint_url = ${server.origin}\n`,
    );
    await writeFile(
      join(dir, "credentials"),
      "[p]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n",
    );
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"])
      vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", join(dir, "config"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(dir, "credentials"));
    vi.stubEnv("AWS_PROFILE", "p");
    const client = clientOf({});
    await client.send(new ListDomainsCommand({}));
    expect(bodies()[0]?.get("AWSAccessKeyId")).toBe("AKIDFILE");
    expect(await client.config.region()).toBe("us-west-2");
  });

  test.each([
    ["us-east-1", "sdb.amazonaws.com"],
    ["eu-west-1", "sdb.eu-west-1.amazonaws.com"],
  ])("the endpoint of %s", async (region, hostname) => {
    vi.stubEnv("AWS_ENDPOINT_URL", undefined);
    const asked: string[] = [];
    const requestHandler = {
      handle: (request: { protocol: string; hostname: string }) => {
        asked.push(`${request.protocol}//${request.hostname}`);
        return Promise.reject(new Error("offline"));
      },
    };
    const client = clientOf({ region, credentials, requestHandler, maxAttempts: 1 });
    await expect(client.send(new ListDomainsCommand({}))).rejects.toThrow("offline");
    expect(asked).toEqual([`https://${hostname}`]);
  });
});

test("a request that hangs ends with its signal", async () => {
  const server = await webServer(() => undefined);
  const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials });
  const aborting = new AbortController();
  const command = new SelectCommand({ SelectExpression: "select * from ddd" });
  const answer = client.send(command, { abortSignal: aborting.signal });
  await expect.poll(() => server.seen).toHaveLength(1);
  aborting.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  expect(server.seen).toHaveLength(1);
});

test("the form says what the API reference says", async () => {
  const { server, bodies } = await scripted({ body: "<PutAttributesResponse/>" });
  const client = clientOf({ endpoint: server.origin, region: "us-east-1", credentials });
  await client.send(
    new PutAttributesCommand({
      DomainName: "d",
      ItemName: "i",
      Attributes: [
        { Name: "a", Value: "x y", Replace: true },
        { Name: "b", Value: "" },
      ],
      Expected: { Name: "a", Exists: false },
    }),
  );
  const { Signature: signature, Timestamp: at, ...rest } = Object.fromEntries(bodies()[0] ?? []);
  expect([signature?.length, at]).toEqual([44, expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)]);
  expect(rest).toEqual({
    Action: "PutAttributes",
    Version: "2009-04-15",
    AWSAccessKeyId: "AKIDEXAMPLE",
    SignatureVersion: "2",
    SignatureMethod: "HmacSHA256",
    DomainName: "d",
    ItemName: "i",
    "Attribute.1.Name": "a",
    "Attribute.1.Value": "x y",
    "Attribute.1.Replace": "true",
    "Attribute.2.Name": "b",
    "Attribute.2.Value": "",
    "Expected.Name": "a",
    "Expected.Exists": "false",
  });
  expect(server.seen[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
});
