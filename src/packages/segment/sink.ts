import { hasher, type Digest } from "../../oci/digest.ts"

/** A finished layer blob. */
export type WrittenLayer = {
  readonly digest: Digest
  /** Compressed, in bytes. */
  readonly size: number
  readonly diffId: Digest
  /** What its descriptor has to say of it. */
  readonly annotations?: Readonly<Record<string, string>>
}

/** Where an archive goes, twice: as it is, and compressed. Pieces are valid only until a call returns. */
export type Sink = {
  readonly plain: (bytes: Uint8Array) => void
  readonly packed: (bytes: Uint8Array) => void
}

/** A sink that makes a blob. */
export type BlobSink = Sink & {
  /** False where the diffID is known: what `plain` gets is of no matter then. */
  readonly wantsPlain: boolean
  /** Compressed bytes so far. */
  readonly size: () => number
  readonly finish: (annotations?: Readonly<Record<string, string>>) => WrittenLayer
}

const stagingSize = 512 * 1024

/**
 * Hashes both what a blob holds and what it is, once, and hands the blob out in large pieces. Of a blob whose diffID is
 * known only what it is.
 */
export function blobSink(write: (piece: Uint8Array) => void, diffId?: Digest): BlobSink {
  const blob = hasher()
  const archive = diffId === undefined ? hasher() : { update: () => undefined, digest: () => diffId }
  let size = 0
  const staged = staging((piece) => {
    blob.update(piece)
    write(piece)
  })
  return {
    wantsPlain: diffId === undefined,
    plain: (bytes) => archive.update(bytes),
    packed(bytes) {
      size += bytes.length
      staged.add(bytes)
    },
    size: () => size,
    finish(annotations = {}) {
      staged.drain()
      const layer = { digest: blob.digest(), size, diffId: archive.digest() }
      return Object.keys(annotations).length === 0 ? layer : { ...layer, annotations }
    },
  }
}

/** Gathers small pieces, so that a write or a hash is called for large ones. */
export function staging(write: (piece: Uint8Array) => void): { add(bytes: Uint8Array): void; drain(): void } {
  const held = Buffer.allocUnsafeSlow(stagingSize)
  let length = 0
  const drain = (): void => {
    if (length > 0) write(held.subarray(0, length))
    length = 0
  }
  return {
    drain,
    add(bytes) {
      if (length + bytes.length > stagingSize) drain()
      if (bytes.length > stagingSize / 2) {
        drain()
        write(bytes)
        return
      }
      held.set(bytes, length)
      length += bytes.length
    },
  }
}
