import type { Notes } from "./forms/form.ts"
import type { Sink } from "./sink.ts"

/**
 * A segment in the cache: one package's part of a layer, as compressed bytes that can stand beside any others, and
 * for small ones the archive too, so that joining them is hashing and nothing else. The file has the compressed bytes,
 * the archive, a line of JSON with the lengths, and a line with the SHA-256 of all that, so that it can be written in
 * one go and damage is noticed before anything of it is used. Calls are synchronous: they are a worker thread's.
 */
export type KeptSegment = {
  /** In bytes. */
  readonly packed: number
  /** Bytes of the archive; undefined where it is not kept. */
  readonly plain: number | undefined
  readonly notes: Notes | undefined
  /** The folders that it needs, relative to the prefix. */
  readonly directories: readonly string[]
  /** Gives the compressed bytes in pieces, each valid until `take` returns. */
  readPacked(take: (piece: Uint8Array) => void): void
  /** Gives the archive's. */
  readPlain(take: (piece: Uint8Array) => void): void
  close(): void
}

/** A sink that keeps what passes as a segment, besides giving it on. */
export type SegmentSink = Sink & {
  /** Puts the file where it belongs, under its own name in one step. */
  keep(path: string, more: Pick<KeptSegment, "directories" | "notes">): void
  /** Removes what was written so far. */
  drop(): void
}
