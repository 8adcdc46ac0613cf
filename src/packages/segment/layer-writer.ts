import { crc32 } from "node:zlib"
import { hasher, type Digest } from "../../oci/digest.ts"
import { tarEnd, tarHeader, tarPadding, type TarHeader } from "../../oci/tar/header.ts"
import { gzipHead, gzipMember, gzipTail } from "./gzip.ts"

/** A finished layer blob. */
export type WrittenLayer = {
  readonly digest: Digest
  /** Compressed, in bytes. */
  readonly size: number
  readonly diffId: Digest
}

/** Writes one gzip blob of many members and hashes both what it holds and what it is, once. */
export type LayerWriter = {
  /** A member of the archive without content, or with content that our own encoder compresses. */
  entry(header: TarHeader, content?: Uint8Array): void
  /** Archive bytes as they are, for content that comes in pieces; padding included. */
  plain(bytes: Uint8Array): void
  /** A member whose compressed bytes exist: `splice` is called between its header and its padding. */
  spliced(header: TarHeader): Splice
  /** Ends a run of members: what follows does not share a gzip member with it. */
  flush(): void
  finish(): WrittenLayer
}

/** Takes the content of one file: compressed bytes for the blob, plain ones for the diffID. */
export type Splice = {
  begin(): void
  packed(bytes: Uint8Array): void
  plain(bytes: Uint8Array): void
  end(crc: number): void
}

const pieceSize = 1024 * 1024
const stagingSize = 512 * 1024

/** A layer writer that hands out its blob in pieces; a piece is only valid until `write` returns. */
export function layerWriter(write: (piece: Uint8Array) => void): LayerWriter {
  const blob = hasher()
  const tar = hasher()
  const staging = Buffer.allocUnsafe(stagingSize)
  let staged = 0
  let size = 0
  let glue: Uint8Array[] = []
  let glued = 0

  const drain = (): void => {
    if (staged === 0) return
    emit(staging.subarray(0, staged))
    staged = 0
  }
  const emit = (bytes: Uint8Array): void => {
    blob.update(bytes)
    write(bytes)
  }
  const out = (bytes: Uint8Array): void => {
    size += bytes.length
    if (bytes.length > stagingSize / 2) {
      drain()
      emit(bytes)
      return
    }
    if (staged + bytes.length > stagingSize) drain()
    staging.set(bytes, staged)
    staged += bytes.length
  }
  const add = (bytes: Uint8Array): void => {
    // Cut at fixed places, so that the size of what comes is of no effect on the blob.
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + pieceSize - glued)
      glue.push(piece)
      glued += piece.length
      at += piece.length
      if (glued === pieceSize) flush()
    }
  }
  const flush = (): void => {
    if (glued === 0) return
    const plain = glue.length === 1 ? (glue[0] as Uint8Array) : Buffer.concat(glue)
    tar.update(plain)
    out(gzipMember(plain))
    glue = []
    glued = 0
  }
  return {
    flush,
    plain: add,
    entry(header, content) {
      add(tarHeader(header))
      if (content === undefined) return
      add(content)
      add(tarPadding(content.length))
    },
    spliced(header) {
      add(tarHeader(header))
      return {
        begin() {
          flush()
          out(gzipHead)
        },
        packed: out,
        plain: (bytes) => tar.update(bytes),
        end(crc) {
          out(gzipTail(crc, header.size))
          add(tarPadding(header.size))
        },
      }
    },
    finish() {
      flush()
      // The end stands alone, so that the runs before it are the same in every layer.
      tar.update(tarEnd)
      out(gzipMember(tarEnd))
      drain()
      return { digest: blob.digest(), size, diffId: tar.digest() }
    },
  }
}

/** A running CRC-32. */
export function runningCrc(): { update(bytes: Uint8Array): void; value(): number } {
  let value = 0
  return {
    update: (bytes) => {
      value = crc32(bytes, value)
    },
    value: () => value,
  }
}
