import { describe, expect, test } from "vitest";
import { systemRandom } from "../../../base/system/random.ts";
import { readLines } from "../../../client/batch/lines.ts";
import { createProgress } from "../../../client/batch/progress.ts";
import { createReport } from "../../../client/batch/report.ts";
import { runBatch } from "../../../client/batch/run.ts";
import type { BatchOptions } from "../../../client/batch/run.ts";
import { checkJob } from "../../../client/check.ts";
import { resultKey } from "../../../jobs/keys.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { createMemoryObjects } from "../../support/memory-objects.ts";

const INPUTS = Array.from({ length: 200 }, (_, index) => `s3://clips/${index}.mov`);

/** Runs a batch over a cloud in memory; `send` stands for the queue. */
async function run(
  texts: string[],
  over: Partial<BatchOptions>,
  send: (body: string, count: number) => string,
) {
  const clock = createFakeClock();
  const objects = createMemoryObjects(clock);
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (content: string | Uint8Array) => void out.push(String(content)),
    err: (text: string) => void err.push(text),
    outIsScreen: false,
    errIsScreen: false,
    paint: (_: string, text: string) => text,
  };
  const progress = createProgress(undefined, { toScreen: false, line: terminal.out });
  const report = createReport(terminal, progress, { json: true, where: "batch" });
  let sends = 0;
  const requests = {
    send: async (body: string) => {
      await Promise.resolve();
      const id = send(body, ++sends);
      const response = `<response service="analyze" status="${id.startsWith("bad") ? "failed" : "success"}"><request messageId="${id}"/>${id.startsWith("bad") ? '<error code="program-failed"/>' : ""}<message>Done.</message></response>`;
      if (!id.startsWith("never")) await objects.put(resultKey({ id, generation: 0 }), response);
      return id;
    },
  };
  const lines = await readLines(
    (async function* file() {
      yield Buffer.from(texts.join("\n"));
    })(),
  );
  const code = await runBatch(
    lines,
    {
      report,
      progress,
      check: async (request) => checkJob(request),
      connect: async () => ({ requests, objects, clock, random: systemRandom }),
    },
    { defaults: {}, skipInvalid: false, dryRun: false, signal: new AbortController().signal, ...over },
  );
  const events = out.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, events, err: err.join(""), sends, summary: events.at(-1) };
}

const id = (_: string, count: number) => `job-${count}`;

describe("a batch", () => {
  test("sends each line once", async () => {
    const { code, events, sends, summary } = await run(INPUTS, {}, id);
    expect([code, sends, events.length]).toEqual([0, 200, 201]);
    expect(summary).toMatchObject({ event: "summary", jobs: 200, submitted: 200, unsent: 0 });
  });

  test("its exit code tells failures from timeouts", async () => {
    const wait = { waitMs: 10_000 };
    expect((await run(INPUTS.slice(0, 3), wait, id)).code).toBe(0);
    const failed = await run(INPUTS.slice(0, 3), wait, (_, count) => (count === 2 ? "bad" : `job-${count}`));
    expect(failed).toMatchObject({ code: 1, summary: { succeeded: 2, unsuccessful: 1, unfinished: 0 } });
    const late = await run(INPUTS.slice(0, 3), wait, (_, count) => (count === 2 ? "never" : `job-${count}`));
    expect(late).toMatchObject({ code: 4, summary: { succeeded: 2, unfinished: 1 } });
  });

  test("stops when the cloud refuses, and says how much was not sent", async () => {
    const denied = Object.assign(new Error("denied"), { $metadata: { httpStatusCode: 403 } });
    const result = await run(INPUTS, {}, (_, count) => {
      if (count > 10) throw denied;
      return `job-${count}`;
    });
    expect(result).toMatchObject({ code: 3, summary: { submitted: 10, unsent: 190 } });
    expect(result.sends).toBeLessThan(60);
    expect(result.err).toContain("cloud-refused");
  });

  test("goes on over a failure now and then", async () => {
    const result = await run(INPUTS, {}, (_, count) => {
      if (count % 10 === 0) throw Object.assign(new Error("busy"), { $metadata: { httpStatusCode: 503 } });
      return `job-${count}`;
    });
    expect(result).toMatchObject({ code: 3, sends: 200, summary: { submitted: 180, unsent: 20 } });
  });

  test("ends in order when it is interrupted", async () => {
    const stop = new AbortController();
    let sends = 0;
    const running = run(INPUTS, { signal: stop.signal }, (_, count) => {
      sends = count;
      if (count === 5) stop.abort(new Error("interrupted"));
      return `job-${count}`;
    });
    await expect(running).rejects.toThrow("interrupted");
    expect(sends).toBeLessThan(60);
  });

  test("with a bad line sends nothing, and names every bad line", async () => {
    const result = await run(["clip.mov", "s3://clips/a.mov", "{"], {}, id);
    expect(result).toMatchObject({ code: 2, sends: 0, summary: { invalid: 2, unsent: 1 } });
    expect(result.events.filter(({ event }) => event === "invalid").map(({ line }) => line)).toEqual([1, 3]);
    expect(result.err).toMatch(/^batch:1: flag-invalid: .*\nbatch:3: batch-line-invalid: /);
  });
});
