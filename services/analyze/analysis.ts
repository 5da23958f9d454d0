import { statSync } from "node:fs";
import { buildModels, type Face } from "./analyzer.ts";
import type { Settings } from "./args.ts";
import { type AnalyzeError, badInput } from "./failure.ts";
import { type Decoding, decode } from "./ffmpeg.ts";
import { limits } from "./limits.ts";
import { Pool } from "./pool.ts";
import type { Picture } from "./picture.ts";
import { buildFrame, buildReport, type FrameRecord, type Report } from "./report.ts";
import type { VideoFacts } from "./video-facts.ts";

export interface Outside {
  /** Path of ffmpeg. */
  ffmpeg: string;
  /** Told the share that is done, 0 to 1. */
  onProgress: (share: number) => void;
  /** Told of the running decoder, so that it can be ended with the program. */
  onDecoding: (decoding: Decoding) => void;
}

/**
 * Video → pictures → workers → records in the video's order.
 * @throws AnalyzeError with exit code 2 when the input is to blame.
 */
export async function analyze(settings: Settings, outside: Outside): Promise<Report> {
  requireFile(settings.input);
  const decoding = decode(outside.ffmpeg, settings.input, settings.rateFps, settings.threads);
  outside.onDecoding(decoding);
  const run = new Run(settings, decoding, outside.onProgress);
  const pool = new Pool(settings.threads, buildModels(settings.detector), (index, faces) =>
    run.take(index, faces),
  );
  try {
    for await (const picture of decoding.pictures) {
      await run.admit(picture);
      await pool.deal(run.dealt++, picture);
    }
    await decoding.finished();
    await pool.drain();
    return run.report();
  } finally {
    decoding.stop();
    await pool.close();
  }
}

function requireFile(file: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw badInput("no-input", "The input file does not exist.");
  if (!stat.isFile()) throw badInput("not-a-file", "The input is no regular file.");
  if (stat.size === 0) throw badInput("empty-input", "The input file is empty.");
}

function tooLong(): AnalyzeError {
  const text = `The video has more than ${limits.maxFrames} pictures at this rate; ask for a lower rate or send a shorter video.`;
  return badInput("video-too-long", text);
}

/** What one analysis gathers. */
class Run {
  dealt = 0;
  readonly #settings: Settings;
  readonly #decoding: Decoding;
  readonly #onProgress: (share: number) => void;
  readonly #frames: FrameRecord[] = [];
  #done = 0;
  #facts: VideoFacts | undefined;
  #scale = { x: 1, y: 1 };

  constructor(settings: Settings, decoding: Decoding, onProgress: (share: number) => void) {
    this.#settings = settings;
    this.#decoding = decoding;
    this.#onProgress = onProgress;
  }

  /** Called with each picture before it is dealt; the first one tells the scale of all. */
  async admit(picture: Picture): Promise<void> {
    if (this.dealt === limits.maxFrames) throw tooLong();
    if (this.#facts !== undefined) return;
    const facts = await this.#decoding.facts;
    if ((facts?.durationS ?? 0) * this.#settings.rateFps > limits.maxFrames) throw tooLong();
    const { width, height } = facts ?? picture;
    this.#facts = facts ?? { width, height, durationS: null, fps: null };
    this.#scale = { x: width / picture.width, y: height / picture.height };
  }

  /** Called by the workers' answers, in any order. */
  take(index: number, faces: readonly Face[]): void {
    this.#frames[index] = buildFrame(index, faces, this.#scale, this.#settings);
    this.#done += 1;
    const durationS = this.#facts?.durationS ?? 0;
    if (durationS > 0) this.#onProgress(this.#done / (durationS * this.#settings.rateFps));
  }

  report(): Report {
    if (this.#facts === undefined)
      throw badInput("no-pictures", "The video holds no picture that can be decoded.");
    this.#onProgress(1);
    return buildReport(this.#facts, this.#settings, this.#frames);
  }
}
