/**
 * The two cyclic checks that Node does not bring: reflected, start and end inverted, eight bytes at a time by eight
 * tables. A value is two halves of 32 bits, since BigInt would be twenty times slower; CRC-32C uses the lower one.
 */
export interface CrcValue {
  high: number;
  low: number;
}

export interface Crc {
  bits: 32 | 64;
  /** The reflected polynomial. */
  polynomial: CrcValue;
}

/** RFC 3720, appendix B.4. */
export const crc32c: Crc = { bits: 32, polynomial: { high: 0, low: 0x82f63b78 } };
/** NVM Express base specification. */
export const crc64nvme: Crc = { bits: 64, polynomial: { high: 0x9a6c9329, low: 0xac4bc9b5 } };

interface Tables {
  high: Int32Array;
  low: Int32Array;
}

const SLICES = 8;
const built = new Map<Crc, Tables>();

function tablesOf(crc: Crc): Tables {
  const known = built.get(crc);
  if (known !== undefined) return known;
  const high = new Int32Array(SLICES * 256);
  const low = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        h ^= crc.polynomial.high;
        l ^= crc.polynomial.low;
      }
    }
    high[byte] = h;
    low[byte] = l;
  }
  // A byte that stands n places further ahead has gone through n more steps.
  for (let index = 256; index < SLICES * 256; index++) {
    const [h, l] = [high[index - 256] ?? 0, low[index - 256] ?? 0];
    high[index] = (h >>> 8) ^ (high[l & 0xff] ?? 0);
    low[index] = ((l >>> 8) | (h << 24)) ^ (low[l & 0xff] ?? 0);
  }
  built.set(crc, { high, low });
  return { high, low };
}

/** The value of `bytes`, continuing from `before` (both halves 0 at the start). */
export function advance(crc: Crc, bytes: Uint8Array, before: CrcValue): CrcValue {
  const { high, low } = tablesOf(crc);
  const wide = crc.bits === 64;
  let h = wide ? ~before.high : 0;
  let l = ~before.low;
  const eights = bytes.length - (bytes.length % SLICES);
  let at = 0;
  for (; at < eights; at += SLICES) {
    const near = l ^ word(bytes, at);
    const far = h ^ word(bytes, at + 4);
    const a = 0x700 | (near & 0xff);
    const b = 0x600 | ((near >>> 8) & 0xff);
    const c = 0x500 | ((near >>> 16) & 0xff);
    const d = 0x400 | (near >>> 24);
    const e = 0x300 | (far & 0xff);
    const f = 0x200 | ((far >>> 8) & 0xff);
    const g = 0x100 | ((far >>> 16) & 0xff);
    const i = far >>> 24;
    l = pick(low, a, b, c, d) ^ pick(low, e, f, g, i);
    if (wide) h = pick(high, a, b, c, d) ^ pick(high, e, f, g, i);
  }
  for (; at < bytes.length; at++) {
    const index = (l ^ (bytes[at] ?? 0)) & 0xff;
    l = ((l >>> 8) | (h << 24)) ^ (low[index] ?? 0);
    h = (h >>> 8) ^ (high[index] ?? 0);
  }
  return { high: wide ? ~h >>> 0 : 0, low: ~l >>> 0 };
}

const word = (bytes: Uint8Array, at: number) =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

const pick = (table: Int32Array, a: number, b: number, c: number, d: number) =>
  (table[a] ?? 0) ^ (table[b] ?? 0) ^ (table[c] ?? 0) ^ (table[d] ?? 0);
