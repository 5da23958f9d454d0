import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand, startCommand } from "../support/command.ts";
import type { RunningCommand } from "../support/command.ts";

const RECEIVE = [resolve(import.meta.dirname, "../../bin/drover"), "receive"];
const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

let folder = "";
let running: RunningCommand | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-receive-"));
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  running = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(argv: string[], env: Record<string, string> = {}): Promise<string> {
  running = startCommand([...RECEIVE, "--dir", join(folder, "results"), "--json", ...argv], {
    env,
    cwd: folder,
  });
  const ready = JSON.parse(await running.nextLine()) as { event: string; url: string };
  expect(ready.event).toBe("ready");
  return ready.url;
}

const responseOf = (id: string) =>
  `<response service="analyze" status="success"><request messageId="${id}"/><message>Done.</message></response>`;

function post(url: string, id: string, headers: Record<string, string> = {}) {
  const body = responseOf(id);
  const signature = new Webhook(SECRET).sign(id, new Date(), body);
  const signed = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
    "webhook-signature": signature,
  };
  return fetch(url, { method: "POST", body, headers: { ...signed, ...headers } });
}

describe("drover receive", () => {
  test("asks for user, password and signature from the environment, and ends after --count results", async () => {
    const env = { DROVER_RECEIVE_PASSWORD: "krid", DROVER_RECEIVE_SECRET: SECRET };
    const url = await start(["--user=dirk", "--count=2"], env);
    const basic = { authorization: `Basic ${Buffer.from("dirk:krid").toString("base64")}` };
    expect((await post(url, "job-1")).status).toBe(401);
    expect((await post(url, "job-1", { ...basic, "webhook-signature": "v1,bm8=" })).status).toBe(401);
    expect((await post(url, "job-1", basic)).status).toBe(200);
    expect((await post(url, "job-1", basic)).status).toBe(200);
    expect((await post(url, "job-2", basic)).status).toBe(200);
    const ended = await running?.ended;
    expect(ended?.code).toBe(0);
    const events = (ended?.stdout ?? "")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(["ready", "refused", "refused", "stored", "duplicate", "stored"]);
    expect(await readFile(join(folder, "results", "job-2.xml"), "utf8")).toBe(responseOf("job-2"));
  });

  test("after kill -9 nothing that was answered is lost, and repeats are still known", async () => {
    const url = await start([]);
    for (const id of ["job-1", "job-2", "job-3"]) expect((await post(url, id)).status).toBe(200);
    running?.child.kill("SIGKILL");
    await running?.ended;
    const again = await start([]);
    expect(await (await post(again, "job-2")).text()).toBe("duplicate\n");
    const names = await readdir(join(folder, "results"));
    expect(names.filter((name) => name.endsWith(".xml")).toSorted()).toEqual([
      "job-1.xml",
      "job-2.xml",
      "job-3.xml",
    ]);
  });

  test("ends with 0 on SIGTERM", async () => {
    await start([]);
    running?.child.kill("SIGTERM");
    expect((await running?.ended)?.code).toBe(0);
  });

  test.each([
    [["--dir", "d", "--port=x"], "flag-invalid"],
    [[], "flag-invalid"],
    [["--dir", "d", "--user=dirk"], "flag-missing"],
    [["--dir", "d", "--password=krid"], "flag-missing"],
    [["--dir", "d", "--secret=krid"], "webhook-secret-invalid"],
    [["--dir", "d", "--count=0"], "flag-invalid"],
  ])("refuses %j", async (argv, code) => {
    const result = await runCommand([...RECEIVE, ...argv], { env: {}, cwd: folder });
    expect([result.code, result.stderr.split(":")[0]]).toEqual([2, code]);
  });

  test("says so when the port is taken", async () => {
    const { port } = new URL(await start([]));
    const result = await runCommand([...RECEIVE, "--dir", "d", `--port=${port}`], { env: {}, cwd: folder });
    expect([result.code, result.stderr]).toEqual([3, expect.stringContaining("another --port")]);
  });
});
