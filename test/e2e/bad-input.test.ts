import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobResponse } from "../../schemas/response.ts";
import { validate } from "../../schemas/validate.ts";
import { collect, type Fleet, startFleet } from "../support/fleet.ts";

let fleet: Fleet;
let server: Server;
let web: string;
/** How often each path was asked for. */
const asked = new Map<string, number>();

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    request.resume();
    if (path === "/good") response.end("12345");
    else if (path === "/secret") response.writeHead(401).end();
    else if (path === "/large") response.end("x".repeat(2_000));
    else if (path === "/slow") response.write("1"); // and never the rest
    else if (path === "/gone-callback") response.writeHead(410).end();
    else if (path === "/refusing-callback") response.writeHead(403).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fleet = await startFleet();
  const serve = (kind: string, ...command: string[]) =>
    `command: ${JSON.stringify(command)}\ninput: {types: []}\nretries: 0\nresult: {kind: ${kind}}\n`;
  const program = (...command: string[]) => serve("text", ...command);
  await fleet.addService("hello", program("/bin/echo", "hello"));
  await fleet.addService("fails", program("/bin/sh", "-c", "echo the disk is made of cheese >&2; exit 3"));
  await fleet.addService("dies", program("/bin/sh", "-c", "kill -9 $$"));
  await fleet.addService("hangs", `${program("/bin/sleep", "60")}timeout_s: 1\n`);
  await fleet.addService("binary", program("/usr/bin/printf", "\\000\\033\\377"));
  await fleet.addService("no-json", serve("json", "/bin/echo", "{oops"));
  await fleet.addService(
    "reads",
    `command: ["/bin/cat", "{input}"]
input: {types: [http, s3], max_bytes: 1000, timeout_s: 1}
retries: 0
result: {kind: text}
parameters:
  - {name: level, summary: a number, type: integer, min: 1, max: 9, flag: ["-n{value}"]}
`,
  );
  await fleet.startAgent({
    args: ["--slots", "2"],
    env: { DROVER_DELIVERY_BUDGET_S: "3600", DROVER_RETRY_BUDGET_S: "2" },
  });
}, 30_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await fleet.close();
});

/** The response to a request sent as it is, from the response queue. */
async function answerTo(body: string): Promise<JobResponse> {
  const id = await fleet.queues.requests.send(body);
  const [message] = await collect(fleet.queues.responses, (messages) => messages.length === 1);
  const verdict = validate("response", message?.body ?? "");
  if (!verdict.ok) throw new Error(verdict.problems[0].message);
  expect(verdict.value.messageId).toBe(id);
  return verdict.value;
}

const ask = (service: string, middle = "") =>
  `<request service="${service}">${middle}<output type="queue"/></request>`;
const input = (href: string) => `<input type="http" href="${href}"/>`;
const parameter = (name: string, value: string) =>
  `<parameters><parameter name="${name}" value="${value}"/></parameters>`;

const REFUSED: [what: string, request: () => string, code: string, says: RegExp][] = [
  ["a schema violation", () => ask("hello", "<surprise/>"), "request-invalid", /Line 1: .*surprise/],
  ["an unknown service", () => ask("nonesuch"), "service-unknown", /no service called nonesuch.*hello/],
  [
    "an unknown parameter",
    () => ask("reads", input(`${web}/good`) + parameter("x", "1")),
    "parameter-unknown",
    /level/,
  ],
  [
    "a parameter out of range",
    () => ask("reads", input(`${web}/good`) + parameter("level", "10")),
    "parameter-invalid",
    /9/,
  ],
  ["no input where one is needed", () => ask("reads"), "input-missing", /input/],
  [
    "an input that does not exist",
    () => ask("reads", input(`${web}/nothing`)),
    "input-not-found",
    /404.*Check/,
  ],
  [
    "an input behind a password",
    () => ask("reads", input(`${web}/secret`)),
    "input-unauthorized",
    /401.*credentials/,
  ],
  [
    "an input that is too large",
    () => ask("reads", input(`${web}/large`)),
    "input-too-large",
    /2000 bytes.*1000/,
  ],
  ["an input that is too slow", () => ask("reads", input(`${web}/slow`)), "input-too-slow", /within 1 s/],
  [
    "a server that is not there",
    () => ask("reads", input("http://127.0.0.1:9/x")),
    "input-unreachable",
    /ECONNREFUSED/,
  ],
  [
    "an S3 object that does not exist",
    () => ask("reads", '<input type="s3" href="s3://drover/no/such"/>'),
    "input-not-found",
    /bucket and key/,
  ],
  [
    "the fleet's own key as input",
    () => ask("reads", '<input type="s3" href="s3://drover/fleet/key"/>'),
    "input-refused",
    /own records/,
  ],
  [
    "a secret nobody holds",
    () =>
      ask(
        "reads",
        `<input type="http" href="${web}/good"><credentials type="http-basic" ref="nobody"/></input>`,
      ),
    "secret-unknown",
    /nobody/,
  ],
];

describe("the client is told what was wrong, and the next job is unaffected", () => {
  test.each(REFUSED)("%s", async (_, request, code, says) => {
    const response = await answerTo(request());
    expect(response).toMatchObject({ status: "rejected", error: { code } });
    expect(response.message).toMatch(says);
    expect(await answerTo(ask("hello"))).toMatchObject({ status: "success" });
  });

  test.each([
    ["fails", "program-failed", /exit code 3.*the disk is made of cheese/],
    ["dies", "program-killed", /SIGKILL/],
    ["hangs", "program-deadline", /after 1 s/],
    ["no-json", "output-invalid", /JSON/],
  ])("a program that %s is answered, and its request kept for the operator", async (service, code, says) => {
    const response = await answerTo(ask(service));
    expect(response).toMatchObject({ service, status: "failed", error: { code } });
    expect(response.message).toMatch(says);
    const [dead] = await collect(fleet.queues.dead, (messages) => messages.length === 1);
    expect(dead?.body).toBe(ask(service));
    expect(dead?.attributes).toMatchObject({
      "drover-code": code,
      "drover-reason": expect.stringMatching(says) as string,
    });
    expect(await answerTo(ask("hello"))).toMatchObject({ status: "success" });
  });

  test("output that XML cannot carry comes as base64, byte for byte", async () => {
    const { status, rawOutput } = await answerTo(ask("binary"));
    expect(status).toBe("success");
    expect(rawOutput?.encoding).toBe("base64");
    expect([...Buffer.from(rawOutput?.content ?? "", "base64")]).toEqual([0, 27, 255]);
  });
});

describe("nobody can be told: the request waits in the dead-letter queue, with the reason", () => {
  test.each([
    ["not XML", "good morning", "request-not-xml"],
    ["a DOCTYPE", `<!DOCTYPE request [<!ENTITY x "y">]>${ask("hello")}`, "request-doctype"],
    ["no output", '<request service="hello"/>', "request-invalid"],
    [
      "two outputs",
      '<request service="hello"><output type="queue"/><output type="store"/></request>',
      "request-invalid",
    ],
  ])("%s", async (_, body, code) => {
    const id = await fleet.queues.requests.send(body);
    const [dead] = await collect(fleet.queues.dead, (messages) => messages.length === 1);
    expect(dead?.body).toBe(body);
    expect(dead?.attributes).toMatchObject({ "drover-code": code });
    expect(dead?.attributes["drover-reason"]).toMatch(/^Line 1: /);
    expect(dead?.attributes["drover-identity"]).toContain(id);
    expect(await answerTo(ask("hello"))).toMatchObject({ status: "success" });
  });

  test.each([
    ["says it is gone for good", "/gone-callback", 1],
    ["refuses again and again", "/refusing-callback", 4],
  ])(
    "a callback that %s",
    async (_, path, calls) => {
      const body = `<request service="hello"><output type="callback" href="${web}${path}"/></request>`;
      const id = await fleet.queues.requests.send(body);
      const [dead] = await collect(fleet.queues.dead, (messages) => messages.length === 1);
      expect(dead?.attributes).toMatchObject({ "drover-code": "output-undeliverable" });
      expect(dead?.attributes["drover-reason"]).toMatch(/HTTP 4\d\d/);
      expect(asked.get(path)).toBe(calls);
      // The result itself is kept.
      const result = await fleet.objects.get(`jobs/${id}/g0/result`);
      expect(new TextDecoder().decode(result?.body)).toContain("hello");
      await expect
        .poll(() => fleet.queues.deliveries.counts(), { timeout: 10_000 })
        .toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    },
    60_000,
  );
});
