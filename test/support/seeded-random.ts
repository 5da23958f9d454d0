import type { Random } from "../../base/random.ts";

/** Chance that can be repeated (mulberry32). Its identifiers look like UUIDs and are not. */
export function createSeededRandom(seed = 1): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(next() * 256));
  return {
    next,
    bytes,
    uuid: () => {
      const hex = Buffer.from(bytes(16)).toString("hex");
      return [8, 4, 4, 4, 12]
        .map((n, i, all) => {
          const from = all.slice(0, i).reduce((sum, it) => sum + it, 0);
          return hex.slice(from, from + n);
        })
        .join("-");
    },
  };
}
