import { expect, test } from "vitest";
import { readArgs } from "../../../services/analyze/args.ts";

test("defaults, and every option", () => {
  expect(readArgs(["--input", "a.mp4", "--threads", "3"])).toEqual({
    input: "a.mp4",
    rateFps: 5,
    threads: 3,
    detector: "tiny",
    R: 0,
  });
  const all = ["--input", "-a", "--rate", "0.5", "--threads", "1", "--detector", "retina", "-R", "-100"];
  expect(readArgs(["--input=-a", ...all.slice(2)])).toEqual({
    input: "-a",
    rateFps: 0.5,
    threads: 1,
    detector: "retina",
    R: -100,
  });
  expect(readArgs(["--help"])).toBe("help");
});

test("the later of two wins, as a job's parameters follow the manifest's own arguments", () => {
  expect(readArgs(["--input", "a", "--threads", "8", "--threads", "2"])).toMatchObject({ threads: 2 });
});

test.each([
  [[]],
  [["--input", ""]],
  [["--input", "a", "--rate", "0"]],
  [["--input", "a", "--rate", "1e9"]],
  [["--input", "a", "--rate", "NaN"]],
  [["--input", "a", "--threads", "1.5"]],
  [["--input", "a", "--threads", "65"]],
  [["--input", "a", "--detector", "haar"]],
  [["--input", "a", "-R"]],
  [["--input", "a", "-R", "-1001"]],
  [["--input", "a", "--unknown"]],
  [["--input", "a", "extra"]],
])("refuses %j", (argv) => {
  expect(() => readArgs(argv)).toThrow(expect.objectContaining({ code: "bad-option", exitCode: 1 }));
});
