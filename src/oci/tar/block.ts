import type { TarHeader, TarKind } from "./header.ts"
import { broken } from "./meta.ts"

/** Long names and PAX records, in bytes. */
export const maximumMeta: number = 1024 * 1024

/** No archive may have more members than this. */
export const maximumEntries = 10_000_000

const kinds: Readonly<Record<string, TarKind>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
}

/** The type flag of a header block. */
export function flagOf(block: Buffer): string {
  return String.fromCharCode(block[156] ?? 0)
}

/** True for the flags of headers that only say something about the next one. */
export function isMeta(flag: string): boolean {
  return "xgLK".includes(flag)
}

/** How much content follows a header that says something about the next one. */
export function metaSize(block: Buffer, what: string): number {
  const size = number(block, 124, 12, what)
  if (size > maximumMeta) throw broken(what, "a header is too large")
  return size
}

/** What a header block itself says. */
export function baseHeader(block: Buffer, flag: string, what: string): TarHeader & { mtime: number } {
  const isGnu = block.toString("latin1", 257, 265) === "ustar  \0"
  const isUstar = block.toString("latin1", 257, 262) === "ustar" && !isGnu
  const prefix = isUstar ? text(block.subarray(345, 500)) : ""
  const name = text(block.subarray(0, 100))
  const path = prefix === "" ? name : `${prefix}/${name}`
  const kind = kinds[flag]
  if (kind === undefined) throw broken(what, `${path} is of a kind that is not supported (${JSON.stringify(flag)})`)
  const link = text(block.subarray(157, 257))
  const hasDevice = kind === "character" || kind === "block"
  return {
    path,
    kind,
    mode: number(block, 100, 8, what) & 0o7777,
    uid: number(block, 108, 8, what),
    gid: number(block, 116, 8, what),
    size: number(block, 124, 12, what),
    mtime: number(block, 136, 12, what),
    ...(link === "" ? {} : { link }),
    ...(hasDevice ? { device: { major: number(block, 329, 8, what), minor: number(block, 337, 8, what) } } : {}),
  }
}

/** Fails where a block is damaged. */
export function checkSum(block: Buffer, what: string): void {
  let sum = 8 * 32
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  if (sum !== number(block, 148, 8, what)) throw broken(what, "a header has a wrong checksum")
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function number(block: Buffer, at: number, length: number, what: string): number {
  const field = block.subarray(at, at + length)
  const first = field[0] ?? 0
  if ((first & 0x80) !== 0) {
    // Negative numbers (times before 1970) become 0.
    if ((first & 0x40) !== 0) return 0
    let value = BigInt(first & 0x3f)
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw broken(what, "a number in a header is too large")
    return Number(value)
  }
  const digits = text(field).trim()
  if (digits === "") return 0
  if (!/^[0-7]+$/.test(digits)) throw broken(what, "a number in a header is no octal number")
  return Number.parseInt(digits, 8)
}

/** The bytes up to the first zero. */
export function text(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end)
}

/** True for a block of zeros: the end. */
export function isEmpty(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
