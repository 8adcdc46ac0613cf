import { byteReader, type ByteReader } from "./bytes.ts"
import type { TarHeader, TarKind } from "./header.ts"
import { broken, type Meta } from "./meta.ts"
import { applyPax, parsePax } from "./pax.ts"

/** A member of a tar archive as it is read. Its path is as the archive has it, except for a trailing slash. */
export type TarEntry = {
  readonly header: TarHeader & { readonly mtime: number }
  /** The content; what is not read of it is skipped when the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

/** No archive may have more members than this. */
const maximumEntries = 10_000_000
/** Long names and PAX records, in bytes. */
const maximumMeta = 1024 * 1024

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

/**
 * The members of an uncompressed tar archive: ustar, GNU long names and large numbers, PAX. An archive that is
 * truncated, has a wrong checksum, sparse files or unreasonable sizes fails with `cannot`; `what` names it there.
 * The archive may end without its empty blocks; what follows them is read and ignored.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, what: string): AsyncIterable<TarEntry> {
  const reader = byteReader(source)
  try {
    const state: Meta = { global: new Map(), pax: new Map(), name: undefined, link: undefined }
    for (let count = 0; ; count++) {
      if (count > maximumEntries) throw broken(what, "it has too many members")
      const block = await reader.take(512)
      if (block.length === 0) return
      if (block.length < 512) throw broken(what, "it ends in the middle of a header")
      if (isEmpty(block)) {
        for await (const _rest of reader.pass(Number.MAX_SAFE_INTEGER));
        return
      }
      checkSum(block, what)
      const flag = String.fromCharCode(block[156] ?? 0)
      if (await readMeta(reader, { flag, block, state, what })) continue
      const header = applyPax(baseHeader(block, flag, what), state, what)
      state.pax = new Map()
      state.name = state.link = undefined
      const size = header.size
      let left = size
      const content = async function* (): AsyncIterable<Uint8Array> {
        for await (const piece of reader.pass(left)) {
          left -= piece.length
          yield piece
        }
        if (left > 0) throw broken(what, `it ends in the middle of ${header.path}`)
      }
      yield { header, content: content() }
      left -= await reader.skip(left)
      const padding = (512 - (size % 512)) % 512
      if (left > 0 || (await reader.skip(padding)) < padding)
        throw broken(what, `it ends in the middle of ${header.path}`)
    }
  } finally {
    await reader.close()
  }
}

type MetaBlock = { readonly flag: string; readonly block: Buffer; readonly state: Meta; readonly what: string }

/** Reads a header that only says something about the next one; false if the block is a member's own. */
async function readMeta(reader: ByteReader, { flag, block, state, what }: MetaBlock): Promise<boolean> {
  if (!"xgLK".includes(flag)) return false
  const size = number(block, 124, 12, what)
  if (size > maximumMeta) throw broken(what, "a header is too large")
  const body = await reader.take(size)
  const padding = (512 - (size % 512)) % 512
  if (body.length < size || (await reader.skip(padding)) < padding)
    throw broken(what, "it ends in the middle of a header")
  if (flag === "L") state.name = text(body)
  else if (flag === "K") state.link = text(body)
  else for (const [key, value] of parsePax(body, what)) (flag === "g" ? state.global : state.pax).set(key, value)
  return true
}

function baseHeader(block: Buffer, flag: string, what: string): TarHeader & { mtime: number } {
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

function checkSum(block: Buffer, what: string): void {
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

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end)
}

function isEmpty(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}
