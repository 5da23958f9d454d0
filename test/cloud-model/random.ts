/** Repeatable choices: everything a run does follows from its seed. */
export interface Choices {
  /** 0 to limit − 1. */
  below(limit: number): number;
  /** One of a list, which is not empty. */
  one<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

/** mulberry32. */
export function choicesFrom(seed: number): Choices {
  let state = Math.imul(seed + 1, 0x9e37_79b9) | 0;
  const next = () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    one: <T>(list: readonly T[]) => {
      if (list.length === 0) throw new Error("nothing to choose from");
      return list[below(list.length)] as T;
    },
    chance: (probability) => next() < probability,
  };
}
