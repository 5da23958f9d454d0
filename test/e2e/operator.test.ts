import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { validate } from "../../schemas/validate.ts";
import { collect, type Fleet, startDrover, startFleet } from "../support/fleet.ts";
import { webServer } from "../support/web-server.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
  const none = "input: {types: []}\nresult: {kind: text}\nretries: 0\n";
  await fleet.addService("hangs", `command: ["/bin/sleep", "600"]\n${none}`);
  await fleet.addService("hello", `command: ["/bin/echo", "hello"]\n${none}`);
  await fleet.addService("fails", `command: ["/bin/sh", "-c", "echo no luck >&2; exit 3"]\n${none}`);
  await fleet.startAgent({ args: ["--slots", "2"] });
}, 30_000);
afterAll(() => fleet.close());

async function drover(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const command = startDrover(args, fleet.env);
  await once(command.child, "close");
  return { code: command.child.exitCode, lines: command.lines };
}

const request = (service: string) => `<request service="${service}"><output type="queue"/></request>`;

async function nextResponse() {
  const [message] = await collect(fleet.queues.responses, (messages) => messages.length === 1);
  const verdict = validate("response", message?.body ?? "");
  if (!verdict.ok) throw new Error(verdict.problems[0].message);
  return verdict.value;
}

test("a running job is cancelled: its program ends, its client hears of it, and nothing is left", async () => {
  const id = await fleet.queues.requests.send(request("hangs"));
  const log = async () => await fleet.objects.list("activity/");
  await expect.poll(log, { timeout: 10_000 }).not.toEqual([]); // it has started
  expect((await drover("jobs", "cancel", id)).code).toBe(0);
  expect(await nextResponse()).toMatchObject({
    messageId: id,
    status: "cancelled",
    error: { code: "job-cancelled" },
  });
  await expect
    .poll(() => fleet.queues.requests.counts(), { timeout: 10_000 })
    .toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  expect((await drover("jobs", "show", id)).lines.join("\n")).toContain("cancelled");
}, 40_000);

test("a finished job cannot be cancelled, and a stranger's name is refused", async () => {
  const id = await fleet.queues.requests.send(request("nonesuch"));
  await nextResponse();
  const late = await drover("jobs", "cancel", id);
  expect(late).toMatchObject({ code: 1, lines: [expect.stringContaining("[job-finished]") as string] });
  expect((await drover("jobs", "show", "../fleet/key")).lines.join()).toContain("[job-id-invalid]");
}, 40_000);

test("a dead letter is listed, shown with its tries, replayed as a new generation, and dropped", async () => {
  const id = await fleet.queues.requests.send(request("fails"));
  expect(await nextResponse()).toMatchObject({ messageId: id, status: "failed" });
  const listed = await drover("dlq", "list", "--json");
  expect(listed.lines.map((it) => JSON.parse(it) as unknown)).toMatchObject([
    { id, generation: 0, code: "program-failed" },
  ]);
  const shown = (await drover("dlq", "show", id)).lines.join("\n");
  expect(shown).toContain("no luck");
  expect(shown).toContain('<request service="fails">');

  expect((await drover("dlq", "replay", id)).lines).toEqual([`${id} replayed: new generation`]);
  expect(await nextResponse()).toMatchObject({ messageId: id, status: "failed" });
  expect((await fleet.objects.get(`jobs/${id}/g1/result`))?.bytes).toBeGreaterThan(0);

  await expect
    .poll(async () => (await drover("dlq", "list")).lines, { timeout: 10_000 })
    .toEqual([expect.stringContaining(`${id} g1`) as string]);
  expect((await drover("dlq", "drop")).lines.join()).toContain("[flag-missing]");
  expect((await drover("dlq", "drop", "--all")).code).toBe(0);
  expect((await drover("dlq", "list")).lines).toEqual(["no dead letters"]);
}, 60_000);

test("what a client's server would not take is parked, and delivered when a person asks for it", async () => {
  let status = 410;
  const server = await webServer((_, response) => void response.writeHead(status).end());
  const body = `<request service="hello"><output type="callback" href="${server.origin}/done"/></request>`;
  const id = await fleet.queues.requests.send(body);
  await expect
    .poll(async () => (await drover("jobs", "show", id)).lines.join(), { timeout: 20_000 })
    .toContain("delivery: parked");
  status = 204;
  expect((await drover("dlq", "replay", "--code", "output-undeliverable")).lines).toEqual([
    `${id} replayed: redelivery`,
  ]);
  await expect.poll(() => server.seen.length, { timeout: 20_000 }).toBe(2);
  expect(server.seen[1]?.body).toEqual(server.seen[0]?.body);
  await expect
    .poll(async () => (await drover("jobs", "show", id)).lines.join(), { timeout: 10_000 })
    .toContain("delivery: delivered");
}, 60_000);

test("a job that failed and whose client could not be told so is both delivered and done again", async () => {
  let status = 410;
  const server = await webServer((_, response) => void response.writeHead(status).end());
  const id = await fleet.queues.requests.send(
    `<request service="fails"><output type="callback" href="${server.origin}/done"/></request>`,
  );
  await expect.poll(async () => (await drover("dlq", "list")).lines.length, { timeout: 20_000 }).toBe(2);
  status = 204;
  const replayed = (await drover("dlq", "replay", id)).lines;
  expect(replayed.toSorted()).toEqual([`${id} replayed: new generation`, `${id} replayed: redelivery`]);
  await expect.poll(() => server.seen.length, { timeout: 20_000 }).toBe(3);
}, 60_000);

test("a reader who closes our output early gets no stack trace", async () => {
  const { child, lines } = startDrover(["cloud", "--help"], fleet.env);
  child.stdout?.destroy();
  await once(child, "close");
  expect(child.exitCode).toBe(141);
  expect(lines).toEqual([]);
});
