import { readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validate } from "../../schemas/validate.ts";
import { collect, type Fleet, type Process, startDrover, startFleet } from "../support/fleet.ts";
import { runningWith, until, workingKinds } from "../unit/base/system/sandbox/job.ts";

const PROGRAMS = join(import.meta.dirname, "../fixtures/programs");
const seldom = () => `${600 + Math.random()}${process.pid}`;
const kinds = await workingKinds();

/** The settings that lead to each kind of sandbox here. */
const SETTINGS = [
  ["auto", "bubblewrap"],
  ["none", "process-group"],
] as const;

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
}, 30_000);
afterAll(() => fleet.close());

async function addProgram(name: string, argv: readonly string[], more = "") {
  const head = `command: ${JSON.stringify(argv)}\nreadable: [${JSON.stringify(PROGRAMS)}]\n`;
  await fleet.addService(name, `${head}result: {kind: text}\nretries: 0\n${more}`);
}

const submit = (service: string) =>
  fleet.queues.requests.send(`<request service="${service}"><output type="queue"/></request>`);

/** The error codes of these jobs, in their order. */
async function errorsOf(...ids: readonly string[]) {
  const codes = new Map<string, string | undefined>();
  await collect(fleet.queues.responses, (messages) => {
    for (const { body } of messages) {
      const verdict = validate("response", body);
      if (verdict.ok) codes.set(verdict.value.messageId, verdict.value.error?.code);
    }
    return ids.every((id) => codes.has(id));
  });
  return ids.map((id) => codes.get(id));
}

async function askDoctor(env: NodeJS.ProcessEnv) {
  const args = ["doctor", "--json", "--services", `${fleet.folder}/services`];
  const doctor = startDrover([...args, "--work-dir", `${fleet.folder}/work`], { ...fleet.env, ...env });
  const code = await new Promise((resolve) => doctor.child.once("close", resolve));
  const { findings } = JSON.parse(doctor.lines.join("")) as { findings: { check: string; level: string }[] };
  return { code, findings };
}

describe.each(SETTINGS.filter(([, kind]) => kinds.includes(kind)))(
  "sandbox: %s, which is %s here",
  (setting, kind) => {
    const start = (): Promise<Process> =>
      fleet.startAgent({
        args: ["--slots", "2", "--visibility-timeout-s", "3"],
        env: { DROVER_SANDBOX: setting },
      });

    test("nothing survives kill -9 of the agent; the next one clears its files away and says how it confines", async () => {
      const word = seldom();
      await addProgram("hermit", [`${PROGRAMS}/hermit.sh`, word], "timeout_s: 2\n");
      const doomed = await start();
      const id = await submit("hermit");
      await until(() => runningWith(word).length >= 2);
      await doomed.end("SIGKILL");
      await until(() => runningWith(word).length === 0);
      expect(await readdir(`${fleet.folder}/work/jobs`)).not.toEqual([]);

      const agent = await start();
      const said = agent.lines.find((it) => /agent\.(un)?confined/.test(it)) ?? "";
      expect(JSON.parse(said)).toMatchObject({ sandbox: kind });
      expect(await errorsOf(id)).toEqual(["program-deadline"]);
      expect(await agent.end("SIGTERM")).toBe(0);
      expect(runningWith(word)).toEqual([]);
      expect(await readdir(`${fleet.folder}/work`)).not.toContain("jobs");
    }, 60_000);

    test("a client hears of the bound that its program broke", async () => {
      const word = seldom();
      await addProgram("fill", [`${PROGRAMS}/fill.sh`, "."], "limits: {disk_bytes: 20MiB}\n");
      await addProgram("eat", ["{node}", `${PROGRAMS}/eat.mjs`, "900"], "limits: {memory_bytes: 200MiB}\n");
      await addProgram("bomb", [`${PROGRAMS}/fork-bomb.sh`, word], "timeout_s: 1\nlimits: {processes: 40}\n");
      const agent = await start();
      const ids = await Promise.all(["fill", "eat", "bomb"].map(submit));
      // Where the kernel can refuse it more processes, the bomb goes on until its deadline.
      const [filled, eaten, bombed] = await errorsOf(...ids);
      expect([filled, eaten]).toEqual(["disk-exceeded", "program-out-of-memory"]);
      expect(["program-deadline", "program-failed"]).toContain(bombed);
      await until(() => readdirSync(`${fleet.folder}/work/jobs`).length === 0);
      expect(runningWith(word)).toEqual([]);
      await agent.end("SIGTERM");
    }, 60_000);
  },
);

test("the doctor says what this machine gives, and ends with 1 when an agent would not work", async () => {
  await addProgram("hello", ["/bin/echo", "hello"]);
  const well = await askDoctor({});
  expect(well.code).toBe(0);
  expect(well.findings).toContainEqual({ check: "queue drover-requests", level: "ok", says: "answers" });
  expect(well.findings).toContainEqual({ check: "clock", level: "ok", says: "agrees with the cloud's" });
  const ill = await askDoctor({ DROVER_QUEUES_REQUESTS: "no-such-queue" });
  expect(ill.code).toBe(1);
  expect(ill.findings).toContainEqual(
    expect.objectContaining({ check: "queue no-such-queue", level: "fail" }),
  );
}, 30_000);
