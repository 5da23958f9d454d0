/** Larger than every key: UTF-8 has no byte 0xff. */
const END = Buffer.of(0xff);

/** The first bytes, in byte order, that are after everything that starts with `prefix`. */
export function afterPrefix(prefix: Uint8Array): Buffer {
  return prefix.byteLength === 0 ? END : Buffer.concat([prefix, END]);
}

/** The first bytes, in byte order, that are after `key`. */
export function afterKey(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}
