import type { TarHeader } from "../../oci/tar/header.ts"
import { tarHeader, tarPadding } from "../../oci/tar/header.ts"
import { gzipHead, gzipMember, gzipTail } from "./gzip.ts"
import type { Sink } from "./sink.ts"

/** Writes members of an archive and compresses them in one way. */
export type Packer = {
  /** A member without content, or with content that is all there. */
  readonly entry: (header: TarHeader, content?: Uint8Array) => void
  /** Archive bytes as they are, for content that comes in pieces; padding included. */
  readonly plain: (bytes: Uint8Array) => void
  /** A file whose compressed bytes exist. */
  readonly spliced: (header: TarHeader) => Splice
  /** Ends a run of members: what follows shares no compressed bytes with it. */
  readonly flush: () => void
}

/** Takes the content of one file: its deflate stream, and what that gives, in any order. */
export type Splice = {
  readonly begin: () => void
  readonly packed: (bytes: Uint8Array) => void
  readonly plain: (bytes: Uint8Array) => void
  /** The CRC-32 of the content. */
  readonly end: (crc: number) => void
}

/** Archive bytes that no compressed form exists of are cut here, whatever the size of the pieces that come. */
const glueSize = 1024 * 1024

/**
 * Gathers archive bytes and gives them on in pieces of a fixed size, or whenever it is flushed. The pieces do not
 * depend on the calls that brought the bytes.
 */
export function glue(give: (plain: Uint8Array) => void): {
  readonly add: (bytes: Uint8Array) => void
  readonly flush: () => void
} {
  let held = Buffer.allocUnsafeSlow(8 * 1024)
  let length = 0
  const flush = (): void => {
    if (length > 0) give(held.subarray(0, length))
    length = 0
  }
  return {
    flush,
    add(bytes) {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + glueSize - length)
        if (length + piece.length > held.length) {
          const larger = Buffer.allocUnsafeSlow(Math.min(glueSize, 2 * (length + piece.length)))
          held.copy(larger, 0, 0, length)
          held = larger
        }
        held.set(piece, length)
        length += piece.length
        at += piece.length
        if (length === glueSize) flush()
      }
    },
  }
}

/**
 * Gzip of many members: deflate streams as they are, in members of their own; between them small members with
 * headers, padding and what else there is, by our own encoder. RFC 1952, 2.2.
 */
export function gzipPacker(sink: Sink): Packer {
  const between = glue((plain) => {
    sink.plain(plain)
    sink.packed(gzipMember(plain))
  })
  return {
    flush: between.flush,
    plain: between.add,
    entry(header, content) {
      between.add(tarHeader(header))
      if (content === undefined) return
      between.add(content)
      between.add(tarPadding(content.length))
    },
    spliced(header) {
      between.add(tarHeader(header))
      return {
        begin() {
          between.flush()
          sink.packed(gzipHead)
        },
        packed: sink.packed,
        plain: sink.plain,
        end(crc) {
          sink.packed(gzipTail(crc, header.size))
          between.add(tarPadding(header.size))
        },
      }
    },
  }
}
