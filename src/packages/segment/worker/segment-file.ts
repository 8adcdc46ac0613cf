import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, utimesSync, writeSync } from "node:fs"
import { basename } from "node:path"
import { hasher } from "../../../oci/digest.ts"
import type { Notes } from "../forms/form.ts"
import type { KeptSegment, SegmentSink } from "../kept.ts"
import { staging, type Sink } from "../sink.ts"
import { filled } from "./wheel-bytes.ts"

/** The archive of a segment is kept beside its compressed bytes up to this many of those: beyond, it has a layer of its own. */
export const keepPlainBelow: number = 1024 * 1024

type Head = {
  readonly packed: number
  readonly plain?: number
  readonly directories: readonly string[]
  readonly notes?: Notes
}

const pieceSize = 512 * 1024
const footerSize = 8 + 1 + 64 + 1
const headLimit = 256 * 1024 * 1024

/** Opens a segment that is whole; undefined, and the file removed, if it is not; undefined if there is none. */
export function openSegment(path: string): KeptSegment | undefined {
  let handle: number
  try {
    handle = openSync(path, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
  const lengths = verified(handle, path)
  if (lengths === undefined) {
    closeSync(handle)
    rmSync(path, { force: true })
    return undefined
  }
  const now = new Date()
  try {
    // Who clears the cache goes by what was used last.
    utimesSync(path, now, now)
  } catch {
    // A cache that cannot be written is still one that can be read.
  }
  const { packed, plain, directories, notes } = lengths
  return {
    packed,
    plain,
    notes,
    directories,
    readPacked: (take) => pieces(handle, { from: 0, length: packed }, take),
    readPlain: (take) => pieces(handle, { from: packed, length: plain ?? 0 }, take),
    close: () => closeSync(handle),
  }
}

function verified(handle: number, path: string): Head | undefined {
  const { size } = fstatSync(handle)
  if (size < footerSize) return undefined
  const footer = readAt(handle, size - footerSize, footerSize).toString("latin1")
  const match = /^([0-9a-f]{8}) ([0-9a-f]{64})\n$/.exec(footer)
  const head = Number.parseInt(match?.[1] ?? "", 16)
  if (match === null || head > headLimit || head + footerSize > size) return undefined
  const hash = hasher()
  pieces(handle, { from: 0, length: size - footerSize }, (piece) => hash.update(piece))
  hash.update(nameOf(path))
  if (hash.digest() !== `sha256:${match[2]}`) return undefined
  const lengths = JSON.parse(readAt(handle, size - footerSize - head, head).toString("utf8")) as Head
  return lengths.packed + (lengths.plain ?? 0) + head + footerSize === size ? lengths : undefined
}

/** A segment under the name of another is none. */
function nameOf(path: string): Buffer {
  return Buffer.from(`${basename(path)}\n`)
}

function readAt(handle: number, offset: number, length: number): Buffer {
  return filled(handle, Buffer.allocUnsafe(length), offset)
}

let buffer: Buffer | undefined

function pieces(
  handle: number,
  { from, length }: { readonly from: number; readonly length: number },
  take: (piece: Uint8Array) => void,
): void {
  buffer ??= Buffer.allocUnsafeSlow(pieceSize)
  for (let done = 0; done < length;) {
    const count = readSync(handle, buffer, 0, Math.min(pieceSize, length - done), from + done)
    if (count === 0) throw new RangeError("the file became shorter while it was read")
    take(buffer.subarray(0, count))
    done += count
  }
}

/** Writes to `temporary`, which must not exist yet and be on the cache's file system, and gives everything on to `next`. */
export function segmentSink(next: Sink, temporary: string): SegmentSink {
  const handle = openSync(temporary, "wx", 0o644)
  const hash = hasher()
  let packed = 0
  let plainLength = 0
  let plain: Buffer[] | undefined = []
  const write = (bytes: Uint8Array): void => {
    hash.update(bytes)
    for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done, bytes.length - done)
  }
  const staged = staging(write)
  return {
    plain(bytes) {
      next.plain(bytes)
      if (plain === undefined) return
      plainLength += bytes.length
      plain.push(Buffer.from(bytes))
      if (plainLength > 8 * keepPlainBelow) plain = undefined
    },
    packed(bytes) {
      next.packed(bytes)
      packed += bytes.length
      staged.add(bytes)
    },
    keep(path, { directories, notes }) {
      staged.drain()
      const kept = packed < keepPlainBelow ? plain : undefined
      for (const piece of kept ?? []) staged.add(piece)
      staged.drain()
      const found: Head = {
        packed,
        directories,
        ...(kept === undefined ? {} : { plain: plainLength }),
        ...(notes === undefined ? {} : { notes }),
      }
      const head = Buffer.from(JSON.stringify(found))
      write(head)
      hash.update(nameOf(path))
      const digest = hash.digest().slice("sha256:".length)
      writeSync(handle, `${head.length.toString(16).padStart(8, "0")} ${digest}\n`)
      closeSync(handle)
      renameSync(temporary, path)
    },
    drop() {
      closeSync(handle)
      rmSync(temporary, { force: true })
    },
  }
}
