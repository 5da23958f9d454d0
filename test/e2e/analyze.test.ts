import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expressionNames } from "../../services/analyze/expressions.ts";
import type { Report } from "../../services/analyze/report.ts";
import {
  analyzed,
  analyzeFolder,
  installAnalyze,
  makeVideo,
  progressOf,
  runAnalyze,
  sampleVideo,
  startAnalyze,
  turnVideo,
} from "../support/analyze.ts";

let sample = "";
let folder = "";
/** 50 s of the sample in which the man is neutral at first and then smiles. */
let clip = "";
let first: Report;

beforeAll(async () => {
  installAnalyze();
  sample = sampleVideo();
  folder = mkdtempSync(join(tmpdir(), "drover-analyze-"));
  clip = makeVideo(["-ss", "30", "-t", "50", "-i", sample, "-c", "copy"], join(folder, "clip.mp4"));
  first = await analyzed(["--input", clip, "--rate", "2", "--threads", "2"]);
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true }));

describe("a man before a camera", () => {
  test("is found in nearly every picture, where he is", () => {
    const { summary, frames, video } = first;
    expect(video).toMatchObject({ width: 360, height: 288, fps: 24 });
    expect(summary.framesAnalysed).toBeGreaterThanOrEqual(99);
    expect(summary.framesWithFace / summary.framesAnalysed).toBeGreaterThanOrEqual(0.9);
    expect(summary.facesMax).toBeLessThanOrEqual(2);
    for (const [face] of frames.map(({ faces }) => faces)) {
      if (face === undefined) continue;
      const [x, y, width, height] = face.box;
      expect(Math.abs(x + width / 2 - 205)).toBeLessThan(60);
      expect(Math.abs(y + height / 2 - 170)).toBeLessThan(60);
      expect(width * height).toBeGreaterThan(80 * 80);
    }
  });

  test("smiles now and then, and is neutral else", () => {
    const { summary } = first;
    expect(summary.smileShare).toBeGreaterThan(0.05);
    expect(summary.smileShare).toBeLessThan(0.7);
    expect(summary.dominantExpression).toBe("neutral");
    expect(summary.firstSmileS).toBeGreaterThan(0);
    expect(summary.longestSmileS).toBeGreaterThanOrEqual(0.5);
  });

  test("has records that hold together", () => {
    first.frames.forEach(({ timeS, faces }, i) => {
      expect(timeS).toBe(i / 2);
      for (const face of faces) {
        const sum = expressionNames.reduce((total, name) => total + face.expressions[name], 0);
        expect(sum).toBeCloseTo(1, 2);
        expect(face.smileScore).toBe(face.expressions.happy);
        expect(face.smile).toBe(face.smileScore >= 0.5);
      }
    });
  });

  test("gives the same answer on one thread and without an ffmpeg on the PATH", async () => {
    const alone = await analyzed(["--input", clip, "--rate", "2", "--threads", "1"], { PATH: "" });
    expect(alone.frames).toEqual(first.frames);
    expect(alone.summary).toEqual(first.summary);
  });

  test("smiles more with a negative R and less with a positive one", async () => {
    const [easy, hard] = [
      await analyzed(["--input", clip, "--rate", "2", "-R", "-450"]),
      await analyzed(["--input", clip, "--rate", "2", "-R", "499"]),
    ];
    expect(easy.settings.smileThreshold).toBe(0.05);
    expect(easy.summary.framesWithSmile).toBeGreaterThan(first.summary.framesWithSmile);
    expect(hard.summary.framesWithSmile).toBeLessThan(first.summary.framesWithSmile);
  });

  test("is found by the retina detector too, with the same smiles", async () => {
    const retina = await analyzed(["--input", clip, "--rate", "1", "--detector", "retina"]);
    expect(retina.summary.framesWithFace).toBe(retina.summary.framesAnalysed);
    const tiny = new Map(first.frames.map(({ timeS, faces }) => [timeS, faces[0]?.smile]));
    const same = retina.frames.filter(({ timeS, faces }) => tiny.get(timeS) === faces[0]?.smile);
    expect(same.length / retina.frames.length).toBeGreaterThanOrEqual(0.9);
  });

  test("is in the video's own pixels when the video is larger than the analysed picture", async () => {
    const args = ["-t", "1", "-i", sample, "-vf", "scale=1440:1152,setsar=1", "-preset", "ultrafast"];
    const large = makeVideo(args, join(folder, "large.mp4"));
    const { video, frames } = await analyzed(["--input", large, "--rate", "1"]);
    expect(video).toMatchObject({ width: 1440, height: 1152 });
    const [x = 0, , width = 0] = frames[0]?.faces[0]?.box ?? [];
    expect(Math.abs(x + width / 2 - 800)).toBeLessThan(200);
  });

  test("stands upright when the camera was turned", async () => {
    const turned = join(folder, "turned.mp4");
    const lying = makeVideo(
      ["-t", "4", "-i", sample, "-vf", "transpose=1", "-preset", "ultrafast"],
      join(folder, "lying.mp4"),
    );
    turnVideo(lying, turned);
    const { video, summary } = await analyzed(["--input", turned, "--rate", "2"]);
    expect(video).toMatchObject({ width: 360, height: 288 });
    expect(summary.framesWithFace).toBe(summary.framesAnalysed);
  });
});

describe("other videos", () => {
  test("without a face have none", async () => {
    const file = makeVideo(
      ["-f", "lavfi", "-i", "testsrc2=s=640x360:d=4", "-c:v", "mpeg4"],
      join(folder, "test.avi"),
    );
    const { summary, video } = await analyzed(["--input", file, "--rate", "3"]);
    expect(video).toEqual({ width: 640, height: 360, durationS: 4, fps: 25 });
    expect(summary).toMatchObject({ framesAnalysed: 12, framesWithFace: 0, facesMax: 0, smileShare: null });
    expect(summary.expressionMeans).toBeNull();
  });

  test("with names that look like options or addresses are read", async () => {
    const file = join(folder, "-i http:x%03d.mkv");
    makeVideo(["-f", "lavfi", "-i", "color=s=64x48:d=1"], `file:${file}`);
    expect((await analyzed(["--input", file, "--rate", "5"])).frames).toHaveLength(5);
  });

  test("that would give too many pictures are refused before the work", async () => {
    const long = ["-f", "lavfi", "-i", "color=s=16x16:r=0.1:d=4000", "-c:v", "mpeg4", "-r", "1"];
    const file = makeVideo(long, join(folder, "long.mp4"));
    const { exitCode, stderr } = await runAnalyze(["--input", file, "--rate", "30"]);
    expect(stderr).toMatch(/^analyze: video-too-long: /);
    expect(exitCode).toBe(2);
  });
});

test("progress rises to one on descriptor 3, and stdout holds one JSON document", async () => {
  const { progress, stdout, exitCode } = await runAnalyze(["--input", clip, "--rate", "1"]);
  expect(exitCode).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(progress.length).toBeGreaterThan(10);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
});

test("nobody has to listen to the progress", () => {
  const program = [join(analyzeFolder, "analyze.ts"), "--input", clip, "--rate", "0.5"];
  const unopened = spawnSync(process.execPath, program, { encoding: "utf8" });
  expect(unopened.status).toBe(0);
  expect(JSON.parse(unopened.stdout).frames).toHaveLength(25);
});

test("SIGTERM ends the program and its ffmpeg at once", async () => {
  const child = startAnalyze(["--input", sample, "--rate", "30", "--threads", "1"]);
  const closed = new Promise<string | null>((settle) => child.once("close", (_, signal) => settle(signal)));
  await new Promise((settle) => progressOf(child).once("data", settle));
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
  expect(children).toHaveLength(1);
  child.kill("SIGTERM");
  expect(await closed).toBe("SIGTERM");
  // A killed process may stay a zombie until its new parent reaps it; it runs no more.
  expect(() =>
    execFileSync("ps", ["-o", "stat=", "-p", children[0] ?? ""], { encoding: "utf8" }).trim(),
  ).toSatisfy((state: () => string) => {
    try {
      return state().startsWith("Z");
    } catch {
      return true;
    }
  });
});
