/** What the container says of its video; pictures are the truth, this is for scale and progress. */
export interface VideoFacts {
  /** As shown, after the rotation that a camera wrote beside the pictures. */
  width: number;
  height: number;
  /** Null when the container does not say. */
  durationS: number | null;
  fps: number | null;
}

/**
 * Reads ffmpeg's own description of its input (log level info). Undefined until the whole description has arrived,
 * and for good when the input has no video.
 */
export function readVideoFacts(log: string): VideoFacts | undefined {
  const end = log.search(/^Output #0/m);
  if (end < 0) return undefined;
  const lines = log.slice(0, end).split("\n");
  const at = lines.findIndex(
    (line) => /^\s+Stream #0:\d+.*: Video: /.test(line) && !line.includes("(attached pic)"),
  );
  const line = lines[at] ?? "";
  const size = /, (\d{1,5})x(\d{1,5})[ ,]/.exec(`${line},`);
  if (size === null) return undefined;
  const [width, height] = [Number(size[1]), Number(size[2])];
  const turned = isTurned(lines.slice(at + 1));
  return {
    width: turned ? height : width,
    height: turned ? width : height,
    durationS: readDuration(lines),
    fps: readFps(line),
  };
}

/** The rotation stands between the stream's own line and the next stream's. */
function isTurned(following: readonly string[]): boolean {
  for (const line of following) {
    if (/^\s+Stream #0:/.test(line)) return false;
    const rotation = /rotation of (-?\d+(?:\.\d+)?) degrees/.exec(line);
    if (rotation !== null) return Math.abs(Math.round(Number(rotation[1]) / 90)) % 2 === 1;
  }
  return false;
}

function readDuration(lines: readonly string[]): number | null {
  for (const line of lines) {
    const match = /^  Duration: (\d+):(\d\d):(\d\d\.\d+),/.exec(line);
    if (match !== null) return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  }
  return null;
}

/** The average rate; where it is unknown the base rate ("tbr") that ffmpeg guesses. */
function readFps(line: string): number | null {
  const match = /, (\d+(?:\.\d+)?)(k?) fps/.exec(line) ?? /, (\d+(?:\.\d+)?)(k?) tbr/.exec(line);
  if (match === null) return null;
  return Number(match[1]) * (match[2] === "k" ? 1000 : 1);
}
