import { tarHeader, tarPadding, type TarHeader } from "../../../oci/tar/header.ts"

/** A packer's `entry` where a member with its content is bytes of the archive as any others. */
export function entryBy(add: (bytes: Uint8Array) => void): (header: TarHeader, content?: Uint8Array) => void {
  return (header, content) => {
    add(tarHeader(header))
    if (content === undefined) return
    add(content)
    add(tarPadding(content.length))
  }
}

/**
 * Gathers archive bytes and gives them on in pieces of at most `most` bytes, or whenever it is flushed. Pieces are cut at
 * fixed places: they do not depend on the calls that brought the bytes.
 */
export function glue(
  give: (plain: Uint8Array) => void,
  most: number = 1024 * 1024,
): {
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
        const piece = bytes.subarray(at, at + most - length)
        if (length + piece.length > held.length) {
          const larger = Buffer.allocUnsafeSlow(Math.min(most, 2 * (length + piece.length)))
          held.copy(larger, 0, 0, length)
          held = larger
        }
        held.set(piece, length)
        length += piece.length
        at += piece.length
        if (length === most) flush()
      }
    },
  }
}
