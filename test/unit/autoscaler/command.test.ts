import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../../../autoscaler/simulator/main.ts");
const script = `import { main } from ${JSON.stringify(main)}; process.exitCode = await main(process.argv.slice(1));`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drover-simulate-"));
  const lines = Array.from({ length: 60 }, (_, minute) => `${minute * 60},${minute < 20 ? 12 : 2}`);
  await writeFile(join(folder, "jobs.csv"), `time_s,count\n${lines.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const simulateCommand = (...flags: string[]) =>
  run(process.execPath, [
    "--input-type=module",
    "--eval",
    script,
    "--",
    "--arrivals",
    join(folder, "jobs.csv"),
    ...flags,
  ]);

describe("drover simulate", () => {
  it("prints one JSON object and writes the plot", async () => {
    const plot = join(folder, "out.svg");
    const flags = [
      "--services",
      "exponential:20",
      "--policy",
      "drover,keda-hpa",
      "--seeds",
      "2",
      "--json",
      "--plot",
      plot,
    ];
    const { stdout, stderr } = await simulateCommand(...flags);
    const { results } = JSON.parse(stdout);
    expect(results.map(({ policy }: { policy: string }) => policy)).toEqual(["drover", "keda-hpa"]);
    const [drover] = results;
    expect(drover.seeds).toHaveLength(2);
    expect(drover.mean.jobs).toBe(320);
    expect(drover.mean.shareInTime).toBeGreaterThan(0.9);
    expect(drover.mean.ratioToLowerBound).toBeGreaterThan(1);
    expect(Object.keys(drover.mean.waitS)).toEqual(["mean", "p50", "p95", "p99", "max"]);
    expect(stderr).toContain("6/6 seed 2, keda-hpa");
    expect(await readFile(plot, "utf8")).toMatch(/^<svg .*polyline.*<\/svg>\n$/s);
  });

  it("prints a table and bars for a person", async () => {
    const { stdout } = await simulateCommand("--services", "fixed:20", "--policy", "hourly-2011");
    expect(stdout).toMatch(/^policy +in time/);
    expect(stdout).toMatch(/ {2}backlog .*up to \d+ jobs/);
  });

  it.each([
    [["--policy", "unknown", "--services", "fixed:1"], /There is no policy "unknown"/],
    [[], /do not say how long jobs work/],
    [["--services", "fixed:1", "--seeds", "0"], /--seeds must be a number/],
    [["--services", join("nowhere", "file.csv")], /does not exist/],
  ])("refuses %j with exit code 64", async (flags, message) => {
    await expect(simulateCommand(...flags)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringMatching(message),
    });
  });
});
