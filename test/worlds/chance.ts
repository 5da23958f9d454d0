import type { Random } from "../../base/random.ts";

export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** A whole number from 0 on. */
export function below(random: Random, n: number): number {
  return Math.floor(random.next() * n);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[below(random, from.length)] as T;
}
