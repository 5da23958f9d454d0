import { expect, test } from "vitest";
import { readVideoFacts } from "../../../services/analyze/video-facts.ts";

const mp4 = `Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/tmp/a.mp4':
  Metadata:
    title           : Stream #0:7: Video: h264, 1x1, 3 fps
  Duration: 01:03:20.50, start: 0.000000, bitrate: 135 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(progressive), 360x288 [SAR 1:1 DAR 5:4], 133 kb/s, 23.98 fps, 24 tbr, 12288 tbn (default)
    Metadata:
      handler_name    : VideoHandler
ROTATION  Stream #0:1[0x2](und): Audio: aac (LC), 44100 Hz, mono
Output #0, image2pipe, to 'pipe:1':
  Stream #0:0(und): Video: ppm, rgb24, 640x480, 5 fps
`;

test("size, rate and duration come from the input's own stream", () => {
  const facts = readVideoFacts(mp4.replace("ROTATION", ""));
  expect(facts).toEqual({ width: 360, height: 288, durationS: 3800.5, fps: 23.98 });
});

test("a turned camera swaps width and height, an upside-down one does not", () => {
  expect(turned("-90.00")).toMatchObject({ width: 288, height: 360 });
  expect(turned("90.00")).toMatchObject({ width: 288, height: 360 });
  expect(turned("-180.00")).toMatchObject({ width: 360, height: 288 });
});

function turned(degrees: string): unknown {
  return readVideoFacts(
    mp4.replace("ROTATION", `    Side data:\n      displaymatrix: rotation of ${degrees} degrees\n`),
  );
}

test("what the container does not say is null", () => {
  const log = `Input #0, matroska,webm, from 'file:x':
  Duration: N/A, start: 0.000000, bitrate: N/A
  Stream #0:0: Video: vp8, yuv420p, 32x16, 1k tbr, 1k tbn
Output #0, image2pipe`;
  expect(readVideoFacts(log)).toEqual({ width: 32, height: 16, durationS: null, fps: 1000 });
});

test("cover pictures are no video, and an unfinished description is no description", () => {
  const cover = `Input #0, mp3, from 'file:x':
  Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc), 100x100, 90k tbr (attached pic)
Output #0, x`;
  expect(readVideoFacts(cover)).toBeUndefined();
  expect(readVideoFacts(mp4.slice(0, mp4.indexOf("Output")))).toBeUndefined();
});
