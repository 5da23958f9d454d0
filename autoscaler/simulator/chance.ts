/** A float in [0, 1), the same sequence for the same seed. */
export type Chance = () => number;

/**
 * The generator sfc32 (Chris Doty-Humphrey's PractRand), seeded from a number and a name, so that each part of a
 * simulation draws from its own stream: a policy that launches once more must not change the jobs that arrive.
 */
export function seededChance(seed: number, stream: string): Chance {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = Math.trunc(seed) | 0;
  for (const character of stream) c = Math.imul(c ^ (character.codePointAt(0) ?? 0), 0x01000193) | 0;
  let counter = 1;
  const next: Chance = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  // The first outputs still look like the seed.
  for (let round = 0; round < 15; round++) next();
  return next;
}

/** A draw from the standard normal distribution (Box and Muller, 1958). */
export function normal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}

/** A Poisson draw: by multiplication (Knuth) while the mean is small, by the rounded normal above 50. */
export function poisson(chance: Chance, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(chance)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = chance(); product > limit; product *= chance()) count++;
  return count;
}
