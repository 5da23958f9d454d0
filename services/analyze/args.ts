import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { failed } from "./failure.ts";

export type DetectorName = "tiny" | "retina";

export interface Settings {
  input: string;
  /** Pictures analysed per second of video. */
  rateFps: number;
  threads: number;
  detector: DetectorName;
  /** Shift of the smile threshold in thousandths: −100 calls a face smiling 0.1 earlier. */
  R: number;
}

export const usage = `Usage: analyze --input FILE [--rate FPS] [--threads N] [--detector tiny|retina] [-R N]

Finds faces, smiles and seven facial expressions in a video and writes one JSON document to stdout.

  --input FILE      the video
  --rate FPS        pictures analysed per second of video, 0.1 to 30 (default 5)
  --threads N       analysing threads, 1 to 64 (default: the processors of this machine)
  --detector NAME   tiny: fast; retina: finds small and turned faces, about four times the work (default tiny)
  -R N              shifts the smile threshold by N thousandths, -1000 to 1000 (default 0, threshold 0.5)
  --help            this text

Progress goes to file descriptor 3 as JSON lines when the caller opened it.
Exit codes: 0 done, 1 this program or its options failed, 2 the input cannot be analysed.

Example: analyze --input clip.mp4 --rate 5 --threads 2 -R -100
`;

const options = {
  input: { type: "string" },
  rate: { type: "string", default: "5" },
  threads: { type: "string" },
  detector: { type: "string", default: "tiny" },
  R: { type: "string", default: "0" },
  help: { type: "boolean", default: false },
} as const;

/** @returns the settings, or "help". @throws AnalyzeError `bad-option` naming the option and what it accepts. */
export function readArgs(argv: readonly string[]): Settings | "help" {
  const values = parse(argv);
  if (values.help) return "help";
  if (values.input === undefined || values.input === "")
    throw failed("bad-option", "--input FILE is missing.");
  const { detector } = values;
  if (detector !== "tiny" && detector !== "retina") {
    throw failed("bad-option", "--detector must be tiny or retina.");
  }
  return {
    input: values.input,
    rateFps: number("--rate", values.rate, 0.1, 30),
    threads: integer("--threads", values.threads ?? String(Math.min(64, availableParallelism())), 1, 64),
    detector,
    R: integer("-R", values.R, -1000, 1000),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: joinR(argv), options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw failed(
      "bad-option",
      `${error instanceof Error ? error.message : String(error)} See --help.`,
      error,
    );
  }
}

/** parseArgs takes the -100 of `-R -100` for an option of its own; written as one word it is a value. */
function joinR(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "-R" || word === "--R") words.push(`--R=${argv[++i] ?? ""}`);
    else words.push(word);
  }
  return words;
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^-?\d+(\.\d+)?$/.test(text) || value < min || value > max) {
    throw failed("bad-option", `${name} must be a number from ${min} to ${max}.`);
  }
  return value;
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = number(name, text, min, max);
  if (!Number.isInteger(value)) throw failed("bad-option", `${name} must be a whole number.`);
  return value;
}
