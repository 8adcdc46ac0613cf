import type { TarHeader } from "../../../oci/tar/header.ts"
import type { BlobSink, Sink } from "../sink.ts"

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
  /** What a layer has to know of the run besides its bytes, as JSON; asked for at its end. */
  readonly notes?: () => Notes
}

/** Takes the content of one file: its deflate stream, and what that gives, in any order. */
export type Splice = {
  readonly begin: () => void
  readonly packed: (bytes: Uint8Array) => void
  readonly plain: (bytes: Uint8Array) => void
  /** The CRC-32 of the content. */
  readonly end: (crc: number) => void
}

/** An entry for each member of a run, where the form has a table of them. Places count from the beginning of the run. */
export type Notes = readonly object[]

/** How layers are compressed. Of one archive each form gives the same diffID, but for those that add to the archive. */
export type LayerForm = {
  readonly mediaType: string
  /** What else decides the bytes: the version of a library, or nothing. Keys of what is kept hold it. */
  readonly version: string
  /** False where the bytes of a blob can be joined without looking at what they hold, once its diffID is known. */
  readonly needsArchive: boolean
  /** For one segment: a run that can stand beside any others. */
  readonly packer: (sink: Sink) => Packer
  /** Begins a layer. */
  readonly open: (blob: BlobSink) => OpenLayer
}

/** A layer on its way. */
export type OpenLayer = {
  /** Where segments go. */
  readonly sink: Sink
  /** For what is the layer's own: its directories. Flushed before each segment. */
  readonly packer: Packer
  /** A segment begins at a place of the blob; its notes, once it is there. */
  readonly segment: (at: number, notes: Notes | undefined) => void
  /** Writes the end of the archive; gives the annotations that the layer's descriptor gets. */
  readonly end: () => Readonly<Record<string, string>>
}
