/** Chance comes from outside, so that a seeded run can be repeated. */
export interface Random {
  /** A float in [0, 1). */
  next(): number;
  /** A fresh identifier in the form of a UUID v4. */
  uuid(): string;
  /** `size` unpredictable bytes. Keys and tokens only. */
  bytes(size: number): Uint8Array;
}
