/** What the service analyze reports, as far as the demonstration shows it. */
interface Report {
  video: { width: number; height: number; durationS: number };
  frames: { timeS: number; faces: { smile: boolean }[] }[];
  summary: {
    framesAnalysed: number;
    framesWithFace: number;
    framesWithSmile: number;
    dominantExpression: string;
  };
}

const COLUMNS = 60;

/** The report for people: figures, and a strip of the clip in which `·` is a face and `☺` a smile. */
export function describeFindings(rawOutput: string): { text: string; faces: number; smiles: number } {
  const { video, frames, summary } = JSON.parse(rawOutput) as Report;
  const strip = Array.from({ length: Math.min(COLUMNS, frames.length) }, (_, column) => {
    const part = frames.slice(
      Math.floor((column * frames.length) / COLUMNS),
      Math.max(1, Math.floor(((column + 1) * frames.length) / COLUMNS)),
    );
    if (part.some(({ faces }) => faces.some((face) => face.smile))) return "☺";
    return part.some(({ faces }) => faces.length > 0) ? "·" : " ";
  });
  const lines = [
    `${video.width}×${video.height}, ${video.durationS.toFixed(0)} s: ${summary.framesAnalysed} pictures looked at,`,
    `${summary.framesWithFace} with a face, ${summary.framesWithSmile} with a smile; mostly ${summary.dominantExpression}`,
    `0 s │${strip.join("")}│ ${video.durationS.toFixed(0)} s   (· face, ☺ smile)`,
  ];
  return { text: lines.join("\n"), faces: summary.framesWithFace, smiles: summary.framesWithSmile };
}
