const units: Readonly<Record<string, number>> = {
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
}

/** What a size looks like: a number and its unit. */
export const sizeShape: RegExp = /^[0-9]{1,12}(?:\.[0-9]{1,3})? ?(?:[kKMGT]B|[KMGT]iB|B)$/

/**
 * Bytes of a size such as `800MB` (decimal) or `2GiB` (binary); the schema has judged its form.
 *
 * @example readSize("1.5GB") // 1500000000
 */
export function readSize(text: string): number {
  const [, amount = "0", unit = "B"] = /^([0-9.]+) ?([A-Za-z]+)$/.exec(text) ?? []
  return Math.round(Number(amount) * (units[unit] ?? 1))
}

/**
 * Seconds of a time such as `90s`, `10m`, `1h`, or of a number of seconds.
 *
 * @example readSeconds("10m") // 600
 */
export function readSeconds(written: number | string): number {
  if (typeof written === "number") return written
  const factor = { s: 1, m: 60, h: 3600 }[written.slice(-1)] ?? 1
  return Number(written.slice(0, -1)) * factor
}

/** What a growth looks like. */
export const growthShape: RegExp = /^[0-9]{1,4}(?:\.[0-9]{1,2})?%$/

/**
 * A share such as `5%`, as a number.
 *
 * @example readGrowth("5%") // 0.05
 */
export function readGrowth(text: string): number {
  return Number(text.slice(0, -1)) / 100
}
