import { describe, expect, test } from "vitest";
import { commandOf, environmentOf, type Places } from "../../../../agent/run/command.ts";
import { makeFolder, planFolder } from "../../../../agent/run/folder.ts";
import { fetchingRequest } from "../../../support/agent-world.ts";
import { manifestOf } from "../../../support/manifest.ts";
import { createMemoryFiles } from "../../../support/memory-files.ts";

const PLACES: Places = {
  input: "/jobs/a/input.mov",
  outputDir: "/jobs/a/output",
  serviceDir: "/services/x",
  node: "/node",
  cpus: 2,
};

describe("the command", () => {
  test("has its placeholders filled, within arguments too, and the parameters in their place", () => {
    const manifest = manifestOf({
      command: [
        "{node}",
        "{serviceDir}/run.ts",
        "--in={input}",
        "{parameters}",
        "--threads",
        "{cpus}",
        "{outputDir}",
      ],
    });
    expect(commandOf(manifest, ["-R", "-100"], PLACES)).toEqual([
      "/node",
      "/services/x/run.ts",
      "--in=/jobs/a/input.mov",
      "-R",
      "-100",
      "--threads",
      "2",
      "/jobs/a/output",
    ]);
  });

  test("has the parameters at its end when it names no place for them", () => {
    expect(commandOf(manifestOf({ command: ["p", "{input}"] }), ["-x"], PLACES)).toEqual([
      "p",
      "/jobs/a/input.mov",
      "-x",
    ]);
  });

  test("does not fill in what a parameter's value says", () => {
    expect(commandOf(manifestOf({ command: ["p"] }), ["{serviceDir}", "$(id)"], PLACES)).toEqual([
      "p",
      "{serviceDir}",
      "$(id)",
    ]);
  });
});

describe("the environment", () => {
  test("is what the manifest says and four words more", () => {
    expect(environmentOf(manifestOf({ env: { ORT: "1", LANG: "de" } }), "/bin", "/jobs/a/work")).toEqual({
      PATH: "/bin",
      HOME: "/jobs/a/work",
      TMPDIR: "/jobs/a/work",
      LANG: "de",
      ORT: "1",
    });
  });
});

const make = async (manifest = manifestOf(), href?: string) => {
  const request = fetchingRequest();
  const asked = href === undefined ? {} : { input: { type: "http" as const, href } };
  const { input: _, ...rest } = request;
  const files = createMemoryFiles();
  const job = { service: { manifest, folder: "/services/x", missing: [] }, request: { ...rest, ...asked } };
  const folder = planFolder("/jobs", "a-1", job);
  await makeFolder(files, folder);
  return { files, folder };
};

describe("a job's folder", () => {
  test("keeps input, work and output apart, below one root", async () => {
    const { files, folder } = await make(
      manifestOf({ result: { kind: "files" } }),
      "http://a.example/convert.MOV?x=.exe#y.sh",
    );
    expect(folder).toMatchObject({
      root: "/jobs/a-1",
      work: "/jobs/a-1/work",
      output: "/jobs/a-1/output",
      input: "/jobs/a-1/input.MOV",
    });
    expect(files.folders).toContain("/jobs/a-1/work");
    expect(files.folders).toContain("/jobs/a-1/output");
  });

  test.each([
    ["http://a.example/", ""],
    ["http://a.example/a.tar.gz", ".gz"],
    ["http://a.example/a.b%2fc", ""],
    ["http://a.example/a.toolongextension", ""],
    ["http://a.example/..", ""],
    ["s3://bucket/key.mp4", ".mp4"],
  ])("gives the input of %s the extension %j", async (href, extension) => {
    const { folder } = await make(manifestOf(), href);
    expect(folder.input).toBe(`/jobs/a-1/input${extension}`);
  });

  test("has an output folder only where the service writes files", async () => {
    expect((await make()).folder.output).toBeUndefined();
    expect((await make(manifestOf({ command: ["p", "--to={outputDir}"] }))).folder.output).toBe(
      "/jobs/a-1/output",
    );
  });
});
