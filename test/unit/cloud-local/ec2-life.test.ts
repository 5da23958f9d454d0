import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { initScript } from "../../../cloud/local/ec2/init-script.ts";
import { startTicks } from "../../../cloud/local/ec2/process-facts.ts";
import type { InstanceView } from "../../../cloud/local/ec2/service.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { deadPort } from "../../support/web-server.ts";
import { temporaryFolder } from "./cloud.ts";
import {
  base64,
  clientsOf,
  ec2World,
  eventually,
  type Ec2World,
  inState,
  OBEDIENT,
  runs,
  says,
} from "./ec2-world.ts";
import { cloudProcess, run } from "./process.ts";
import { exchange, raw } from "./raw.ts";

const SPOT = { InstanceMarketOptions: { MarketType: "spot" as const } };
const view = ({ cloud }: Pick<Ec2World, "cloud">, id: string) =>
  cloud.ec2.instances().find((it) => it.id === id);

/** What an instance is told about itself. */
async function metadata(world: Ec2World, id: string, path: string): Promise<string> {
  const endpoint = view(world, id)?.metadataEndpoint ?? "";
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
  const { body: token } = await exchange(endpoint, {
    method: "PUT",
    target: "/latest/api/token",
    headers: ttl,
  });
  const headers = { "x-aws-ec2-metadata-token": token };
  return (await exchange(endpoint, { method: "GET", target: `/latest/meta-data/${path}`, headers })).body;
}

describe("over time", () => {
  test("an instance is pending for its delay, which the seed decides", async () => {
    const delays = async (seed: number) => {
      const clock = createFakeClock(Date.now());
      const world = await ec2World({
        clock,
        ec2: { bootDelayS: { from: 10, to: 20 }, seed },
        maxAttempts: 2,
      });
      const ids = await world.run({ MaxCount: 5 });
      const found: number[] = [];
      for (let s = 0; s < 20; s++) {
        clock.advance(1000);
        const states = await eventually(
          () => world.cloud.ec2.instances(),
          (all) => all.every((it) => it.state !== "pending" || it.pid === undefined),
        );
        found.push(states.filter((it) => it.state === "pending").length);
      }
      await Promise.all(ids.map((id) => inState(world, id, "running")));
      return found;
    };
    const first = await delays(7);
    expect(first[8]).toBe(5);
    expect(await delays(7)).toEqual(first);
  });

  test("a terminated instance is described for an hour", async () => {
    const clock = createFakeClock(Date.now());
    const world = await ec2World({ clock, maxAttempts: 2 });
    const [id = ""] = await world.run();
    await inState(world, id, "running");
    await world.compute().terminate([id]);
    await inState(world, id, "terminated");
    clock.advance(3_599_000);
    expect(await world.all()).toHaveLength(1);
    clock.advance(2000);
    await eventually(world.all, (it) => it.length === 0);
    expect(world.reports).toEqual([]);
  });

  test("one that is terminated while it is pending never starts", async () => {
    const world = await ec2World({ ec2: { bootDelayS: { from: 3600, to: 3600 } } });
    const [id = ""] = await world.run();
    await world.compute().terminate([id]);
    await inState(world, id, "terminated");
    expect(existsSync(view(world, id)?.folder ?? "")).toBe(false);
  });
});

describe("the spot market", () => {
  test("announces in the metadata that it takes an instance, and takes it two minutes later", async () => {
    const clock = createFakeClock(Date.now());
    const world = await ec2World({ clock, maxAttempts: 2 });
    const [id = "", home = ""] = [...(await world.run(SPOT)), ...(await world.run())];
    await Promise.all([id, home].map((it) => says(world, it, "up")));
    await inState(world, id, "running");
    await expect(world.cloud.ec2.reclaim(home)).rejects.toMatchObject({ code: "ec2-no-instance" });
    await expect(world.cloud.ec2.reclaim("i-0")).rejects.toMatchObject({ code: "ec2-no-instance" });
    await world.cloud.ec2.reclaim(id);
    const notice = JSON.parse(await metadata(world, id, "spot/instance-action")) as {
      action: string;
      time: string;
    };
    expect(notice.action).toBe("terminate");
    expect(Math.abs(Date.parse(notice.time) - clock.now() - 120_000)).toBeLessThan(1000);
    const { pid = 0 } = view(world, id) ?? {};
    clock.advance(119_000);
    expect([view(world, id)?.state, runs(pid)]).toEqual(["running", true]);
    clock.advance(1000);
    expect((await inState(world, id, "terminated"))?.reason).toBe("Server.SpotInstanceTermination");
    expect(runs(pid)).toBe(false);
    expect(view(world, home)?.state).toBe("running");
    const ended = (await world.compute().instances()).length; // of another fleet
    expect(ended).toBe(0);
  });

  test("recommends a rebalance", async () => {
    const world = await ec2World();
    const [id = ""] = await world.run(SPOT);
    await inState(world, id, "running");
    world.cloud.ec2.recommendRebalance(id);
    const said = await metadata(world, id, "events/recommendations/rebalance");
    expect(JSON.parse(said)).toEqual({ noticeTime: expect.stringMatching(/^\d{4}-.*Z$/) as string });
  });
});

describe("the control", () => {
  test("is asked over the wire, by the cloud's owner alone", async () => {
    const world = await ec2World();
    const { endpoint, credentials } = world.cloud;
    const [id = ""] = await world.run(SPOT);
    await inState(world, id, "running");
    const order = (body: unknown, service = "ec2", who = credentials) =>
      raw(
        { endpoint, credentials: who },
        { method: "PUT", target: "/_ec2", service, body: JSON.stringify(body) },
      );
    const said = await order({ settings: { spotNoticeS: 0.1 }, reclaim: [id] });
    expect(said.status).toBe(200);
    expect(JSON.parse(said.body)).toMatchObject({ settings: { spotNoticeS: 0.1 }, instances: [{ id }] });
    await inState(world, id, "terminated");
    for (const wrong of [
      { settings: { speed: 1 } },
      { explode: [id] },
      { reclaim: id },
      [],
      { shutDown: ["i-0"] },
    ])
      expect((await order(wrong)).status).toBe(400);
    expect((await order({}, "s3")).status).toBe(403);
    expect((await order({}, "ec2", { ...credentials, secretAccessKey: "x" })).status).toBe(403);
  });

  test("of the command: a file of settings", async () => {
    const dir = await temporaryFolder();
    const file = join(dir, "ec2.json");
    await writeFile(file, JSON.stringify({ limits: { "on-demand": 0, spot: 0 } }));
    const { ready } = await cloudProcess("--dir", dir, "--ec2", file);
    const secrets = JSON.parse(await readFile(join(dir, "credentials.json"), "utf8")) as {
      accessKeyId: string;
      secretAccessKey: string;
    };
    const client = clientsOf({ ...ready, credentials: secrets });
    onTestFinished(() => client.ec2.destroy());
    await expect(client.run()).rejects.toMatchObject({ name: "VcpuLimitExceeded" });
    await writeFile(file, JSON.stringify({ bootDelayS: 5 }));
    const { code, stderr } = await run("--dir", await temporaryFolder(), "--ec2", file);
    expect([code, stderr]).toEqual([1, expect.stringContaining("[ec2-bad-setting]")]);
  });
});

describe("a cloud that is killed", () => {
  /** A cloud as a process of its own, on a port that it can have again. */
  async function mortal() {
    const [dir, port] = [await temporaryFolder(), await deadPort()];
    const start = (at = port) => cloudProcess("--dir", dir, "--port", String(at));
    const cloud = await start();
    const credentials = JSON.parse(await readFile(join(dir, "credentials.json"), "utf8")) as {
      accessKeyId: string;
      secretAccessKey: string;
    };
    const client = clientsOf({ ...cloud.ready, credentials });
    onTestFinished(() => client.ec2.destroy());
    const looked = async (): Promise<InstanceView[]> => {
      const { endpoint } = cloud.ready;
      const said = await raw(
        { endpoint, credentials },
        {
          method: "GET",
          target: "/_ec2",
          service: "ec2",
        },
      );
      return (JSON.parse(said.body) as { instances: InstanceView[] }).instances;
    };
    return { dir, port, start, cloud, client, looked };
  }

  test("finds its instances again, alive and dead, when it is started again where it was", async () => {
    const { start, cloud, client, looked } = await mortal();
    const ids = await client.run({ MaxCount: 3, InstanceInitiatedShutdownBehavior: "terminate" });
    const before = await eventually(looked, (all) => all.every((it) => it.state === "running"));
    await Promise.all(
      before.map((it) =>
        eventually(
          () => readFile(`${it.folder}/console.log`, "utf8"),
          (text) => text.includes("up"),
        ),
      ),
    );
    await cloud.end("SIGKILL");
    const [dead] = before;
    process.kill(dead?.pid ?? 0, "SIGKILL");
    const again = await start();
    const after = await eventually(looked, (all) => all[0]?.state === "terminated");
    expect(after.map((it) => it.state)).toEqual(["terminated", "running", "running"]);
    expect(after.slice(1).map((it) => [it.pid, it.metadataEndpoint])).toEqual(
      before.slice(1).map((it) => [it.pid, it.metadataEndpoint]),
    );
    // They are looked after as before: their end is seen, and they can be ended.
    process.kill(after[1]?.pid ?? 0, "SIGKILL");
    const { ec2 } = client;
    await eventually(looked, (all) => all[1]?.state === "terminated");
    await clientsOf({ ...again.ready, credentials: await ec2.config.credentials() })
      .compute()
      .terminate(ids);
    await eventually(looked, (all) => all.every((it) => it.state === "terminated"));
    expect(before.some((it) => runs(it.pid ?? 0) || existsSync(it.folder))).toBe(false);
  });

  test("ends them when it is started again elsewhere, where they could not reach it", async () => {
    const { dir, cloud, client, looked } = await mortal();
    await client.run({ MaxCount: 2 });
    const before = await eventually(looked, (all) => all.every((it) => it.state === "running"));
    await cloud.end("SIGKILL");
    const world = await ec2World({ dir });
    await eventually(
      () => world.cloud.ec2.instances(),
      (all) => all.every((it) => it.state === "terminated"),
    );
    expect(before.some((it) => runs(it.pid ?? 0) || existsSync(it.folder))).toBe(false);
  });

  test("and not started again is no reason for its instances to stay", async () => {
    const folder = join(await temporaryFolder(), "i-1");
    const cloud = spawn("sleep", ["600"]);
    const file = join(folder, "..", "cloud");
    await mkdir(folder);
    await writeFile(file, `${cloud.pid} ${startTicks(cloud.pid ?? 0)}\n`);
    const deaf = "#!/bin/bash\ntrap '' TERM\nsleep 600 &\necho $! >../sleep\nwhile :; do sleep 0.1; done\n";
    await writeFile(join(folder, "user-data"), `${OBEDIENT.split("\n")[0]}\n${deaf}`);
    const env = { PATH: process.env["PATH"], EC2_INSTANCE_FOLDER: `${folder}/` };
    const init = spawn("bash", ["-c", initScript, "init", folder, file, "1"], {
      env,
      cwd: folder,
      stdio: "ignore",
    });
    const ended = once(init, "exit");
    const child = Number(
      await eventually(() => readFile(join(folder, "../sleep"), "utf8").catch(() => ""), Boolean),
    );
    expect(runs(child)).toBe(true);
    cloud.kill("SIGKILL");
    await ended;
    expect([runs(child), existsSync(folder)]).toEqual([false, false]);
  });
});

test("user data that is no script is left alone, like an image without cloud-init", async () => {
  const world = await ec2World();
  const [id = ""] = await world.run({ UserData: base64("just text") });
  await inState(world, id, "running");
  expect(existsSync(join(view(world, id)?.folder ?? "", "user-data"))).toBe(false);
});
