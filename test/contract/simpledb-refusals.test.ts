import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { CreateDomainCommand, GetAttributesCommand } from "../../cloud/aws/simpledb/index.ts";
import type { startCloud } from "../../cloud/local/server.ts";
import { domain, DomainName, simpleDbCloud } from "../support/simpledb.ts";
import { exchange, raw } from "../unit/cloud-local/raw.ts";

type Cloud = Pick<Awaited<ReturnType<typeof startCloud>>, "endpoint" | "credentials">;
type Form = Record<string, string>;

const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
const encoded = (form: Form) =>
  Object.entries(form)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted();

const put: Form = {
  Action: "PutAttributes",
  Version: "2009-04-15",
  DomainName,
  ItemName: "i",
  "Attribute.1.Name": "a",
  "Attribute.1.Value": "1",
};

interface Attempt {
  method?: "GET" | "POST";
  /** Before it is signed. */
  prepare?: (form: Form) => void;
  /** After it was signed. */
  tamper?: (form: Form) => void;
  secret?: string;
  hash?: string;
}

const seconds = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** A request signed with Version 2 by a few lines of our own, so that nothing of the cloud or its client checks itself. */
function send(cloud: Cloud, wanted: Form, attempt: Attempt = {}) {
  const { method = "POST", hash = "sha256" } = attempt;
  const form: Form = {
    ...wanted,
    AWSAccessKeyId: cloud.credentials.accessKeyId,
    SignatureVersion: "2",
    SignatureMethod: "HmacSHA256",
    Timestamp: seconds(Date.now()),
  };
  attempt.prepare?.(form);
  const { host } = new URL(cloud.endpoint);
  form["Signature"] = createHmac(hash, attempt.secret ?? cloud.credentials.secretAccessKey)
    .update(`${method}\n${host}\n/\n${encoded(form).join("&")}`)
    .digest("base64");
  attempt.tamper?.(form);
  const text = encoded(form).join("&");
  const headers = { host, "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  return method === "GET"
    ? exchange(cloud.endpoint, { method, target: `/?${text}`, headers: { host } })
    : exchange(cloud.endpoint, { method, target: "/", headers, body: Buffer.from(text) });
}

const codeOf = (body: string) => /<Code>([^<]*)<\/Code>/.exec(body)?.[1];
const MINUTE_MS = 60_000;

describe("a request is taken", () => {
  test.each<[string, Attempt]>([
    ["by POST", {}],
    ["by GET", { method: "GET" }],
    ["with HmacSHA1", { hash: "sha1", prepare: (it) => (it["SignatureMethod"] = "HmacSHA1") }],
    [
      "with a Timestamp 14 minutes old",
      { prepare: (it) => (it["Timestamp"] = seconds(Date.now() - 14 * MINUTE_MS)) },
    ],
    [
      "with an Expires in place of the Timestamp",
      {
        prepare: (it) => {
          delete it["Timestamp"];
          it["Expires"] = seconds(Date.now() + MINUTE_MS);
        },
      },
    ],
    [
      "with Expected numbered, as older clients send it",
      { prepare: (it) => Object.assign(it, { "Expected.1.Name": "a", "Expected.1.Exists": "false" }) },
    ],
  ])("%s", async (_, attempt) => {
    const { client, cloud } = await simpleDbCloud();
    const { get } = await domain(client);
    const { status, body, headers } = await send(cloud, put, attempt);
    expect([status, headers["content-type"]]).toEqual([200, "text/xml"]);
    expect(body).toMatch(
      /^<\?xml version="1.0"\?>\n<PutAttributesResponse xmlns="http:\/\/sdb.amazonaws.com\/doc\/2009-04-15\/"><ResponseMetadata><RequestId>[0-9a-f-]{36}<\/RequestId><BoxUsage>[\d.]+<\/BoxUsage><\/ResponseMetadata><\/PutAttributesResponse>$/,
    );
    expect(await get("i")).toEqual(["a=1"]);
  });

  test("with Signature Version 4", async () => {
    const { client, cloud } = await simpleDbCloud();
    const { get } = await domain(client);
    const { status } = await raw(cloud, {
      method: "POST",
      target: "/",
      service: "sdb",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: encoded(put).join("&"),
    });
    expect(status).toBe(200);
    expect(await get("i")).toEqual(["a=1"]);
  });
});

describe("a request is refused, and nothing is written", () => {
  test.each<[string, Attempt, string, number]>([
    ["without a key", { tamper: (it) => delete it["AWSAccessKeyId"] }, "AuthMissingFailure", 403],
    ["without a signature", { tamper: (it) => delete it["Signature"] }, "AuthMissingFailure", 403],
    [
      "with a key of somebody else",
      { prepare: (it) => (it["AWSAccessKeyId"] = "AKIAFOREIGN") },
      "InvalidClientTokenId",
      403,
    ],
    ["with another secret", { secret: "guessed" }, "SignatureDoesNotMatch", 403],
    [
      "with a value changed on the way",
      { tamper: (it) => (it["Attribute.1.Value"] = "2") },
      "SignatureDoesNotMatch",
      403,
    ],
    [
      "with a parameter added on the way",
      { tamper: (it) => (it["Attribute.1.Replace"] = "true") },
      "SignatureDoesNotMatch",
      403,
    ],
    ["with a parameter taken away", { tamper: (it) => delete it["Version"] }, "SignatureDoesNotMatch", 403],
    [
      "with a later Timestamp",
      { tamper: (it) => (it["Timestamp"] = seconds(Date.now() + 2000)) },
      "SignatureDoesNotMatch",
      403,
    ],
    [
      "16 minutes old",
      { prepare: (it) => (it["Timestamp"] = seconds(Date.now() - 16 * MINUTE_MS)) },
      "RequestExpired",
      400,
    ],
    [
      "from 16 minutes ahead",
      { prepare: (it) => (it["Timestamp"] = seconds(Date.now() + 16 * MINUTE_MS)) },
      "RequestExpired",
      400,
    ],
    [
      "after its Expires",
      { prepare: (it) => (it["Expires"] = seconds(Date.now() - 1000)) },
      "RequestExpired",
      400,
    ],
    ["without a time", { prepare: (it) => delete it["Timestamp"] }, "AuthMissingFailure", 403],
    [
      "with a time that is none",
      { prepare: (it) => (it["Timestamp"] = "yesterday") },
      "InvalidParameterValue",
      400,
    ],
    [
      "with Signature Version 1",
      { prepare: (it) => (it["SignatureVersion"] = "1") },
      "InvalidParameterValue",
      400,
    ],
    [
      "with another hash",
      { hash: "md5", prepare: (it) => (it["SignatureMethod"] = "HmacMD5") },
      "InvalidParameterValue",
      400,
    ],
    [
      "with a session token that nobody gave out",
      { prepare: (it) => (it["SecurityToken"] = "t") },
      "InvalidClientTokenId",
      403,
    ],
    ["without an action", { prepare: (it) => delete it["Action"] }, "MissingAction", 400],
    [
      "with an action that there is not",
      { prepare: (it) => (it["Action"] = "DropEverything") },
      "InvalidAction",
      400,
    ],
    ["of another version", { prepare: (it) => (it["Version"] = "2007-11-07") }, "NoSuchVersion", 400],
    [
      "with a flag that is none",
      { prepare: (it) => (it["Attribute.1.Replace"] = "maybe") },
      "InvalidParameterValue",
      400,
    ],
    [
      "with a list that has no numbers",
      { prepare: (it) => (it["Attribute.x.Name"] = "a") },
      "InvalidParameterValue",
      400,
    ],
    [
      "with two conditions",
      { prepare: (it) => Object.assign(it, { "Expected.1.Name": "a", "Expected.2.Name": "b" }) },
      "MultipleExpectedNames",
      400,
    ],
  ])("%s", async (_, attempt, code, status) => {
    const { client, cloud, reports } = await simpleDbCloud();
    const { get } = await domain(client);
    for (const method of ["POST", "GET"] as const) {
      const answer = await send(cloud, put, { ...attempt, method });
      expect([codeOf(answer.body), answer.status], method).toEqual([code, status]);
      expect(answer.body).toMatch(
        /^<\?xml version="1.0"\?>\n<Response><Errors><Error><Code>.*<\/RequestID><\/Response>$/,
      );
    }
    expect(await get("i")).toEqual([]);
    expect(reports).toEqual([]);
  });

  test("with a parameter that stands twice: one was signed for, and which was meant?", async () => {
    const { client, cloud } = await simpleDbCloud();
    const { get } = await domain(client);
    const form = encoded({ ...put, AWSAccessKeyId: cloud.credentials.accessKeyId }).join("&");
    const { body } = await exchange(cloud.endpoint, {
      method: "POST",
      target: "/?ItemName=j",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form),
    });
    expect(codeOf(body)).toBe("InvalidParameterValue");
    expect([...(await get("i")), ...(await get("j"))]).toEqual([]);
  });

  test("with a form that is not UTF-8", async () => {
    const { cloud } = await simpleDbCloud();
    const { status, body } = await exchange(cloud.endpoint, {
      method: "POST",
      target: "/",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from("Action=%FF"),
    });
    expect([status, codeOf(body)]).toEqual([400, "MalformedQueryString"]);
  });

  test.each([
    ["of another service", { service: "sqs" }],
    ["tampered with", { service: "sdb", tamper: (it: { body: Buffer }) => void it.body.write("X", 10) }],
    ["of long ago", { service: "sdb", at: Date.now() - 20 * MINUTE_MS }],
  ])("with a Version 4 signature %s", async (_, attempt) => {
    const { client, cloud } = await simpleDbCloud();
    const { get } = await domain(client);
    const { status } = await raw(cloud, {
      method: "POST",
      target: "/",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: encoded(put).join("&"),
      ...attempt,
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(await get("i")).toEqual([]);
  });
});

test("names of domains and items reach nothing but themselves", async () => {
  const { client } = await simpleDbCloud();
  await domain(client);
  const evil = "'; DROP TABLE simpledb_pairs; --";
  await expect(client.send(new CreateDomainCommand({ DomainName: "../../etc" }))).rejects.toMatchObject({
    name: "InvalidParameterValue",
  });
  const { put: write, get } = await domain(client);
  await write(evil, [{ Name: evil, Value: evil }]);
  expect(await get(evil)).toEqual([`${evil}=${evil}`]);
  const command = new GetAttributesCommand({ DomainName, ItemName: "i" });
  expect((await client.send(command)).Attributes).toBeUndefined();
});
