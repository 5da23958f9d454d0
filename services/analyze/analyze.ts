import { analyze } from "./analysis.ts";
import { readArgs, type Settings, usage } from "./args.ts";
import { AnalyzeError, exitCodes } from "./failure.ts";
import { type Decoding, findFfmpeg } from "./ffmpeg.ts";
import { Progress } from "./progress.ts";

let decoding: Decoding | undefined;

/**
 * A stopped analysis has nothing worth keeping. ffmpeg is ended first, then the signal's own default ends this process
 * at once: an orderly exit would wait for the threads, or abort in their native code.
 */
function stopWith(signal: NodeJS.Signals): void {
  decoding?.stop();
  process.kill(process.pid, signal);
}

async function main(settings: Settings): Promise<void> {
  const progress = new Progress();
  const startMs = performance.now();
  const report = await analyze(settings, {
    ffmpeg: findFfmpeg(process.env["PATH"] ?? ""),
    onProgress: (share) => progress.report(share),
    onDecoding: (started) => (decoding = started),
  });
  await write(JSON.stringify(report));
  const tookS = (performance.now() - startMs) / 1000;
  const count = report.frames.length;
  process.stderr.write(
    `analyze: ${count} pictures in ${tookS.toFixed(2)} s, ${(count / tookS).toFixed(0)} a second on ${settings.threads} threads.\n`,
  );
}

/** A pipe takes a large answer in pieces; the program must not end before the last one. */
function write(text: string): Promise<void> {
  return new Promise((settle, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : settle()));
  });
}

function explain(error: unknown): void {
  const known = error instanceof AnalyzeError;
  const reason = error instanceof Error ? error.message : String(error);
  const [firstLine] = reason.split("\n", 1);
  process.stderr.write(`analyze: ${known ? error.code : "unexpected"}: ${firstLine}\n`);
  process.exitCode = known ? error.exitCode : exitCodes.failed;
}

process.once("SIGTERM", stopWith);
process.once("SIGINT", stopWith);
try {
  const settings = readArgs(process.argv.slice(2));
  if (settings === "help") await write(usage.trimEnd());
  else await main(settings);
} catch (error) {
  explain(error);
}
