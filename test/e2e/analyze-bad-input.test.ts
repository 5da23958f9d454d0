import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installAnalyze, makeVideo, runAnalyze } from "../support/analyze.ts";

let folder = "";
let server: Server;
let requests = 0;
let address = "";

beforeAll(async () => {
  installAnalyze();
  folder = mkdtempSync(join(tmpdir(), "drover-analyze-"));
  const bars = ["-f", "lavfi", "-i", "testsrc2=s=320x240:d=6", "-g", "25", "-b:v", "800k"];
  makeVideo([...bars, "-c:v", "libx264", "-movflags", "+faststart"], join(folder, "whole.mp4"));
  makeVideo([...bars, "-c:v", "libx264"], join(folder, "index-last.mp4"));
  makeVideo([...bars, "-c:v", "libx264"], join(folder, "whole.mkv"));
  makeVideo(["-f", "lavfi", "-i", "sine=d=2"], join(folder, "sound.mp4"));
  makeVideo(["-f", "lavfi", "-i", "color=s=64x48", "-frames:v", "1"], join(folder, "frame-001.png"));
  copyFileSync(join(folder, "whole.mp4"), join(folder, "secret.ts"));
  server = createServer((_, response) => {
    requests += 1;
    response.end(readFileSync(join(folder, "whole.mp4")));
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const bound = server.address();
  address = typeof bound === "object" && bound !== null ? `http://127.0.0.1:${bound.port}/clip.mp4` : "";
}, 240_000);

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Every refusal is exit code 2, nothing on stdout and one sentence on stderr that begins with a stable code. */
async function refusal(name: string, content?: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  if (content !== undefined) writeFileSync(file, content);
  const { exitCode, stdout, stderr } = await runAnalyze(["--input", file, "--threads", "1"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(/^analyze: [a-z-]+: [^\n]+\.\n$/);
  return /^analyze: ([a-z-]+)/.exec(stderr)?.[1] ?? "";
}

test("no file, a folder, an empty file", async () => {
  expect(await refusal("nowhere.mp4")).toBe("no-input");
  expect(await refusal(".")).toBe("not-a-file");
  expect(await refusal("empty.mp4", "")).toBe("empty-input");
});

test("garbage, text and sound", async () => {
  const garbage = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 256);
  expect(await refusal("garbage", garbage)).toBe("not-a-video");
  expect(await refusal("garbage.mp4", garbage)).toBe("video-without-index");
  expect(await refusal("text.avi", "no video at all\n".repeat(100))).toBe("not-a-video");
  expect(await refusal("sound.mp4")).toBe("no-video");
});

test("videos cut off before their end", async () => {
  expect(await refusalOfHalf("whole.mp4")).toBe("video-cut-off");
  expect(await refusalOfHalf("whole.mkv")).toBe("video-cut-off");
  expect(await refusalOfHalf("index-last.mp4")).toBe("video-without-index");
});

function refusalOfHalf(name: string): Promise<string> {
  const whole = readFileSync(join(folder, name));
  return refusal(`half-${name}`, whole.subarray(0, Math.floor(whole.length / 2)));
}

function playlist(target: string): string {
  return `#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n${target}\n#EXT-X-ENDLIST\n`;
}

test("playlists and patterns open neither files nor addresses, whatever their name", async () => {
  expect(await refusal("address.m3u8", playlist(address))).toBe("container-refused");
  expect(await refusal("file.m3u8", playlist("secret.ts"))).toBe("container-refused");
  // By the name or by the content: versions of ffmpeg differ in what they look at.
  expect(await refusal("address.mp4", playlist(address))).toMatch(
    /^(video-without-index|container-refused)$/,
  );
  expect(await refusal("concat.mp4", "ffconcat version 1.0\nfile whole.mp4\n")).toBe("container-refused");
  expect(await refusal("frame-%03d.png", readFileSync(join(folder, "frame-001.png")))).toBe(
    "container-refused",
  );
  expect(requests).toBe(0);
});

test("the concatenation of the test before works where it is allowed, so its refusal means something", () => {
  const list = join(folder, "concat.mp4");
  makeVideo(["-i", list, "-t", "1", "-c:v", "mpeg4"], join(folder, "joined.avi"));
  expect(readFileSync(join(folder, "joined.avi")).length).toBeGreaterThan(1000);
});

test("wrong options end with exit code 1", async () => {
  const { exitCode, stderr } = await runAnalyze(["--input", join(folder, "whole.mp4"), "--rate", "31"]);
  expect(exitCode).toBe(1);
  expect(stderr).toBe("analyze: bad-option: --rate must be a number from 0.1 to 30.\n");
});
