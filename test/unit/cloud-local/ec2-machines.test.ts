import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { temporaryFolder } from "./cloud.ts";
import { base64, clientsOf, ec2World, eventually, inState, OBEDIENT, runs, says } from "./ec2-world.ts";

const view = (world: Awaited<ReturnType<typeof ec2World>>, id: string) =>
  world.cloud.ec2.instances().find((it) => it.id === id);

test("an instance runs its script, and ends with all it started when it is terminated", async () => {
  const world = await ec2World();
  const folder = await temporaryFolder();
  // Its child clears its environment, leaves its session and heeds no signal.
  const script = `#!/bin/bash
setsid env -i bash -c 'trap "" TERM; echo $$ >${folder}/child; while :; do sleep 1; done' &
${OBEDIENT.split("\n").slice(1).join("\n")}`;
  const [id = ""] = await world.run({ UserData: base64(script) });
  await inState(world, id, "running");
  await says(world, id, "up");
  const child = Number(await eventually(() => readFile(`${folder}/child`, "utf8").catch(() => ""), Boolean));
  const { folder: home = "", pid = 0 } = view(world, id) ?? {};
  expect([runs(child), runs(pid), existsSync(home)]).toEqual([true, true, true]);
  const ended = await world.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(ended.TerminatingInstances?.[0]).toMatchObject({
    PreviousState: { Name: "running", Code: 16 },
    CurrentState: { Name: "shutting-down", Code: 32 },
  });
  await inState(world, id, "terminated");
  expect([runs(child), runs(pid), existsSync(home)]).toEqual([false, false, false]);
  expect((await world.all())[0]).toMatchObject({
    State: { Name: "terminated", Code: 48 },
    StateReason: { Code: "Client.UserInitiatedShutdown" },
  });
  expect(world.reports).toEqual([]);
});

test("a script that does not heed the shutdown is ended when its time is over", async () => {
  const world = await ec2World({ ec2: { shutdownGraceS: 0.2 } });
  const [id = ""] = await world.run({
    UserData: base64("#!/bin/bash\ntrap '' TERM\necho deaf\nwhile :; do sleep 0.1; done\n"),
  });
  await says(world, id, "deaf");
  const { pid = 0 } = view(world, id) ?? {};
  await world.compute().terminate([id]);
  await inState(world, id, "terminated");
  expect(runs(pid)).toBe(false);
});

test.each([
  ["terminate", "terminated"],
  ["stop", "stopped"],
] as const)("shutdown from inside: %s", async (behavior, state) => {
  const world = await ec2World();
  const [id = ""] = await world.run({
    UserData: base64("#!/bin/bash\nshutdown -h now\nsleep 60\n"),
    InstanceInitiatedShutdownBehavior: behavior,
  });
  const { reason } = (await inState(world, id, state)) ?? {};
  expect(reason).toBe("Client.InstanceInitiatedShutdown");
  await world.compute().terminate([id]);
  await inState(world, id, "terminated");
});

test("an instance stays up after its script has ended, and is gone when its first process is killed", async () => {
  const world = await ec2World();
  const packed = gzipSync("#!/bin/bash\necho done\n").toString("base64"); // as cloud-init takes it
  const [id = ""] = await world.run({ UserData: packed, InstanceInitiatedShutdownBehavior: "terminate" });
  await says(world, id, "done");
  const { pid = 0, state } = (await inState(world, id, "running")) ?? {};
  expect(state).toBe("running");
  process.kill(pid, "SIGKILL");
  await inState(world, id, "terminated");
});

test("an instance learns who it is from its own metadata service", async () => {
  const world = await ec2World();
  const ask = `#!/bin/bash
token=$(curl -sX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/api/token")
for what in instance-id instance-type instance-life-cycle placement/availability-zone iam/security-credentials/ tags/instance/a; do
  curl -sH "X-aws-ec2-metadata-token: $token" "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/meta-data/$what"; echo
done
echo "cloud $AWS_ENDPOINT_URL"; env | cut -d= -f1 | sort | xargs echo variables
`;
  const [id = ""] = await world.run({
    UserData: base64(ask),
    InstanceType: "c7g.xlarge",
    Placement: { AvailabilityZone: "us-east-1b" },
    IamInstanceProfile: { Name: "worker" },
    InstanceMarketOptions: { MarketType: "spot" },
    MetadataOptions: { InstanceMetadataTags: "enabled" },
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "a", Value: "b" }] }],
  });
  const said = await says(world, id, "variables");
  const expected = [id, "c7g.xlarge", "spot", "us-east-1b", "worker", "b", `cloud ${world.cloud.endpoint}`];
  expect(said.split("\n").slice(0, 7)).toEqual(expected);
  // Nothing of whoever runs the cloud gets in, its credentials least of all.
  const [, variables = ""] = /variables (.*)/.exec(said) ?? [];
  expect(variables.split(" ").filter((it) => !/^(_|PWD|SHLVL|OLDPWD)$/.test(it))).toEqual([
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "EC2_INSTANCE_FOLDER",
    "HOME",
    "PATH",
  ]);
});

test("a closed cloud leaves no instance behind, and says so when it is opened again", async () => {
  const dir = await temporaryFolder();
  const world = await ec2World({ dir });
  const ids = await world.run({ MaxCount: 3 });
  for (const id of ids) await says(world, id, "up");
  const pids = world.cloud.ec2.instances().map((it) => it.pid ?? 0);
  expect(pids.every(runs)).toBe(true);
  await world.cloud.close();
  expect(pids.some(runs)).toBe(false);
  const again = await ec2World({ dir });
  const states = (await clientsOf(again.cloud).all()).map((it) => [it.State?.Name, it.StateReason?.Code]);
  expect(states).toEqual(ids.map(() => ["terminated", "Server.InternalError"]));
});
