/**
 * CRCs of pieces joined into the CRC of the whole, without the bytes: the value of the first piece is moved
 * forward by the length of the second, which is a multiplication by x^(8·length) modulo the polynomial, and the
 * second's value is added (M. Adler's construction in zlib, crc32_combine). Values are reflected: the highest bit is x⁰.
 */
export interface Field {
  bits: bigint;
  /** The reflected polynomial. */
  polynomial: bigint;
}

function multiply({ bits, polynomial }: Field, a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let mask = 1n << (bits - 1n); mask > 0n; mask >>= 1n) {
    if ((a & mask) !== 0n) product ^= factor;
    factor = (factor & 1n) === 0n ? factor >> 1n : (factor >> 1n) ^ polynomial;
  }
  return product;
}

/** x^(8·bytes) modulo the polynomial. */
function shiftBy(field: Field, bytes: number): bigint {
  let result = 1n << (field.bits - 1n);
  let square = 1n << (field.bits - 9n);
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(field, result, square);
    square = multiply(field, square, square);
  }
  return result;
}

/** The CRC of pieces that stand one after the other. */
export function combineCrcs(field: Field, pieces: readonly { value: bigint; bytes: number }[]): bigint {
  const shifts = new Map<number, bigint>(); // parts of an upload mostly have one length
  return pieces.reduce((before, { value, bytes }) => {
    const shift = shifts.get(bytes) ?? shiftBy(field, bytes);
    shifts.set(bytes, shift);
    return multiply(field, shift, before) ^ value;
  }, 0n);
}
