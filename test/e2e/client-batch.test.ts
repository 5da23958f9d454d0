import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startClientCloud } from "../support/client-cloud.ts";
import type { ClientCloud } from "../support/client-cloud.ts";

let cloud: ClientCloud;
beforeAll(async () => {
  cloud = await startClientCloud();
});
afterAll(() => cloud.close());
beforeEach(async () => {
  for (;;) if ((await cloud.take(0)).length === 0) break; // what another test left
});

const batchFile = async (...lines: string[]) => {
  const path = join(cloud.folder, "batch.txt");
  await writeFile(path, lines.join("\n"));
  return path;
};

describe("submit-job --batch", () => {
  test("sends every line with the common flags, and waits for all", async () => {
    const lines = Array.from({ length: 25 }, (_, index) =>
      index % 2
        ? `s3://clips/${index}.mov`
        : JSON.stringify({ input: `s3://clips/${index}.mov`, param: { R: index } }),
    );
    const path = await batchFile("# clips", ...lines);
    const running = cloud.startSubmitJob(["--batch", path, "--wait", "--json", "--param=R:-1"]);
    for (const message of await cloud.takeAll(25)) await cloud.answer(message);
    const { code, stdout } = await running.ended;
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const finished = events.filter(({ event }) => event === "finished");
    expect(code).toBe(0);
    expect(finished.map(({ line }) => Number(line)).toSorted((a, b) => a - b)).toEqual(
      lines.map((_, index) => index + 2),
    );
    for (const { line, rawOutput } of finished) {
      expect(rawOutput).toMatchObject({ content: `s3://clips/${Number(line) - 2}.mov` });
    }
    expect(events.at(-1)).toMatchObject({
      event: "summary",
      jobs: 25,
      submitted: 25,
      succeeded: 25,
      unsent: 0,
    });
  });

  test("sends nothing when a line is bad, and says which; --skip-invalid sends the others", async () => {
    const path = await batchFile("s3://clips/a.mov", "clip.mov", '{"inpt": "x"}', "s3://clips/b.mov");
    const refused = await cloud.submitJob(["--batch", path]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/batch\.txt:2: flag-invalid: .*\n.*batch\.txt:3: batch-line-invalid: /);
    expect(await cloud.take(0)).toEqual([]);
    const skipped = await cloud.submitJob(["--batch", path, "--skip-invalid"]);
    expect(skipped.code).toBe(0);
    expect(skipped.stdout.trim().split("\n")).toHaveLength(2);
    expect(await cloud.takeAll(2)).toHaveLength(2);
  });

  test("run again with references sends nothing twice", async () => {
    const path = await batchFile("s3://clips/a.mov", "s3://clips/b.mov");
    const argv = ["--batch", path, "--reference=monday-{line}"];
    const first = await cloud.submitJob(argv);
    const again = await cloud.submitJob(argv);
    expect(again.stderr).toContain("2 submitted before");
    expect(again.stdout.replaceAll(" submitted before", "").split("\n").toSorted()).toEqual(
      first.stdout.split("\n").toSorted(),
    );
    expect(await cloud.takeAll(2)).toHaveLength(2);
    expect(await cloud.take(0)).toEqual([]);
    expect((await cloud.submitJob(["--batch", path, "--reference=same"])).stderr).toContain(
      "reference-repeated",
    );
  });

  test("reads standard input", async () => {
    const { code } = await cloud.submitJob(["--batch", "-"], { stdin: "s3://clips/a.mov\n" });
    expect(code).toBe(0);
    expect(await cloud.takeAll(1)).toHaveLength(1);
  });
});
