const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of a size such as 1000, "500MB" (10⁶) or "2GiB" (2³⁰); undefined when it is none, or no whole number. */
export function parseByteSize(size: number | string): number | undefined {
  if (typeof size === "number") return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([a-zA-Z]{1,3})$/.exec(size);
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
