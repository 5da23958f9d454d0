import { array, assert as check, asyncProperty, integer, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { flagsOfLine, readLines } from "../../../client/batch/lines.ts";
import { RefusedRequest } from "../../../client/refusal.ts";

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const flags = (text: string, defaults = {}) => flagsOfLine({ number: 7, text }, defaults);

const faultsOf = (text: string) => {
  try {
    flags(text);
  } catch (error) {
    if (error instanceof RefusedRequest) return error.faults.map(({ message }) => message);
  }
  return [];
};

describe("reading a batch", () => {
  test("finds the same lines however the bytes arrive", async () => {
    await check(
      asyncProperty(array(string({ unit: "grapheme" })), integer({ min: 1, max: 7 }), async (texts, size) => {
        const lines = texts.map((it) => it.replaceAll(/[\r\n]/g, ""));
        const expected = lines.flatMap((it, index) => {
          const text = it.trim();
          return text === "" || text.startsWith("#") ? [] : [{ number: index + 1, text }];
        });
        expect(await readLines(inPieces(lines.join("\n"), size))).toEqual(expected);
      }),
    );
  });

  test("copes with Windows line ends and a missing last one", async () => {
    expect(await readLines(inPieces("a\r\n\r\n# no\r\nb", 3))).toEqual([
      { number: 1, text: "a" },
      { number: 4, text: "b" },
    ]);
  });

  test("refuses a file without line ends before it fills the memory", async () => {
    let chunks = 0;
    async function* endless() {
      for (;;) {
        chunks += 1;
        yield Buffer.alloc(100_000, "x");
      }
    }
    await expect(readLines(endless())).rejects.toMatchObject({ code: "batch-too-large" });
    expect(chunks).toBeLessThan(20);
  });
});

describe("a line's flags", () => {
  test("a bare line is an input", () => {
    expect(flags("s3://b/k", { service: "detect" })).toEqual({
      service: "detect",
      input: "s3://b/k",
      param: [],
    });
  });

  test("an object stands over the defaults; parameters are merged by name", () => {
    const line = '{"input": "s3://b/k", "deadline-s": 60, "param": {"R": -1, "on": true}}';
    expect(flags(line, { deadline_s: "9", param: ["R:5", "Q:1"] })).toEqual({
      input: "s3://b/k",
      deadline_s: "60",
      param: ["Q:1", "R:-1", "on:true"],
    });
    expect(flags('{"param": "R:1"}').param).toEqual(["R:1"]);
    expect(flags('{"param": ["R:1", "Q:2"]}').param).toEqual(["R:1", "Q:2"]);
  });

  test("{line} in the common reference makes one for each line", () => {
    expect(flags("s3://b/k", { reference: "n-{line}" }).reference).toBe("n-7");
    expect(flags('{"reference": "own"}', { reference: "n-{line}" }).reference).toBe("own");
  });

  test("tells every fault and quotes no secret", () => {
    expect(faultsOf('{"inpt": "x", "service": [1], "param": 5}')).toHaveLength(3);
    const broken = faultsOf('{"auth_pass_file": "krid" "x": 1}');
    expect(broken).toHaveLength(1);
    expect(broken.join()).not.toContain("krid");
  });
});
