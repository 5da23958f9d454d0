/** The two cyclic checks that Node does not bring: reflected, start and end inverted, one table step a byte. */

const CASTAGNOLI = 0x82f63b78; // reflected polynomial of CRC-32C (RFC 3720, appendix B.4)
const NVME_HIGH = 0x9a6c9329; // reflected polynomial of CRC-64/NVME (NVM Express base specification)
const NVME_LOW = 0xac4bc9b5;

let table32: Uint32Array | undefined;

function castagnoliTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? CASTAGNOLI : 0);
    return value >>> 0;
  });
}

/** CRC-32C of `bytes`, continuing from `before` (0 at the start). */
export function crc32c(bytes: Uint8Array, before: number): number {
  const table = (table32 ??= castagnoliTable());
  let value = ~before;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
  return ~value >>> 0;
}

/** A 64-bit value as two unsigned halves, since BigInt would be twenty times slower. */
export interface Crc64 {
  high: number;
  low: number;
}

let table64: { high: Uint32Array; low: Uint32Array } | undefined;

function nvmeTable(): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let h = 0;
    let l = index;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = ((l >>> 1) | (h << 31)) >>> 0;
      h >>>= 1;
      if (odd) {
        h = (h ^ NVME_HIGH) >>> 0;
        l = (l ^ NVME_LOW) >>> 0;
      }
    }
    high[index] = h;
    low[index] = l;
  }
  return { high, low };
}

/** CRC-64/NVME of `bytes`, continuing from `before` (both halves 0 at the start). */
export function crc64nvme(bytes: Uint8Array, before: Crc64): Crc64 {
  const table = (table64 ??= nvmeTable());
  let high = ~before.high;
  let low = ~before.low;
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (table.low[index] ?? 0);
    high = (high >>> 8) ^ (table.high[index] ?? 0);
  }
  return { high: ~high >>> 0, low: ~low >>> 0 };
}
