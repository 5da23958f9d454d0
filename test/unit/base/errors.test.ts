import { expect, test } from "vitest";
import { codeOf, DroverError, reasonOf } from "../../../base/errors.ts";
import { createLog } from "../../../base/log.ts";

test("a reason is one line, whatever was thrown", () => {
  expect(reasonOf(new Error("two\n  lines"))).toBe("two lines");
  expect(reasonOf("text")).toBe("text");
  expect(reasonOf(new TypeError())).toBe("TypeError");
  expect(reasonOf(undefined)).toBe("undefined");
});

test("the reason of several errors names each of them", () => {
  const refused = new AggregateError([
    new Error("connect ECONNREFUSED ::1:9"),
    new Error("connect ECONNREFUSED 127.0.0.1:9"),
  ]);
  expect(reasonOf(refused)).toBe("connect ECONNREFUSED ::1:9; connect ECONNREFUSED 127.0.0.1:9");
});

test("only a text is a code", () => {
  expect(codeOf(new DroverError("queue-missing", "There is none."))).toBe("queue-missing");
  expect(codeOf({ code: 7 })).toBeUndefined();
  expect(codeOf(null)).toBeUndefined();
  expect(codeOf("ENOENT")).toBeUndefined();
});

test("a log line is one JSON object on one line, whatever the fields hold", () => {
  const lines: string[] = [];
  const log = createLog(
    (line) => lines.push(line),
    () => Date.UTC(2026, 10, 22),
  );
  log.warn("job.trouble", { reason: 'a\n{"level":"info"}', count: 2, absent: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith("\n")).toBe(true);
  expect(lines[0]?.trim().includes("\n")).toBe(false);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    time: "2026-11-22T00:00:00.000Z",
    level: "warn",
    event: "job.trouble",
    reason: 'a\n{"level":"info"}',
    count: 2,
  });
});
