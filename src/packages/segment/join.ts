import type { Digest } from "../../oci/digest.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import type { Compression } from "../../tree/step.ts"
import type { Bytes } from "../wheel/bytes.ts"
import { refusals } from "../wheel/refusal.ts"
import type { Target } from "../wheel/target.ts"
import { placesIn, unpackedAhead, type Ahead } from "./ahead.ts"
import type { Inflater } from "./inflate.ts"
import { forms } from "./forms/all.ts"
import type { LayerForm, OpenLayer, Packer } from "./forms/form.ts"
import { gzipPacker } from "./forms/gzip-form.ts"
import type { KeptSegment, SegmentSink } from "./kept.ts"
import type { RecipeFile } from "./recipe.ts"
import { blobSink, type BlobSink, type Sink, type WrittenLayer } from "./sink.ts"
import { copyMember, spliceMember } from "./splice-member.ts"

/** One package in a layer: all of its installed files, or some. */
export type SegmentRequest = {
  /** Where the wheel is on this machine. */
  readonly file: string
  readonly filename: string
  readonly sha256: string
  /** As a wheel's. */
  readonly url?: string | undefined
  /** Its bytes were found to be what its hash says a moment ago. */
  readonly verified?: boolean
  /** Where the files of its recipe are. */
  readonly recipe: string
  /** Where the segment is kept, or will be; undefined for one that is not: a wheel's own bytes are joined as easily. */
  readonly kept: string | undefined
  /** Paths below the prefix that another package brings, and that are left out here. */
  readonly omit: readonly string[]
  /** Only these paths, for a package that is larger than a layer may be. */
  readonly only?: readonly string[] | undefined
  /** Shared with a thread that unpacks files of this segment ahead. */
  readonly ahead?: Ahead | undefined
}

/** A layer of packages: its directories first, then the segments in their order. */
export type LayerRequest = {
  readonly target: Target
  readonly compression: Compression
  readonly segments: readonly SegmentRequest[]
  /** Its diffID where that is known from before: then the archive of kept segments need not be hashed again. */
  readonly diffId?: Digest | undefined
}

/** A file that can be read in places while a layer is written. */
export type OpenBytes = Bytes & { close(): void }

export type JoinDoor = {
  /** Opens a wheel that is what its hash says. */
  readonly wheel: (segment: SegmentRequest) => OpenBytes
  readonly recipe: (segment: SegmentRequest) => readonly RecipeFile[]
  /** The segment from the cache, if it is there and whole. */
  readonly kept: (path: string) => KeptSegment | undefined
  /** Keeps a segment while it is made. */
  readonly keep: (next: Sink) => SegmentSink
  readonly inflater: Inflater
  /** Gets the blob in pieces. */
  readonly write: (piece: Uint8Array) => void
}

/**
 * Joins the segments of some packages into one layer: those that are kept by hashing them, the others by making them,
 * which keeps them. Every directory at or below the prefix that they need comes first, none above it: the header of
 * an ancestor can replace a link such as `/bin`.
 */
export function joinLayer(request: LayerRequest, door: JoinDoor): WrittenLayer {
  const { target, compression, segments, diffId } = request
  const form = forms[compression]
  const blob = blobSink(door.write, form.needsArchive ? undefined : diffId)
  const layer = form.open(blob)
  const parts: Part[] = []
  try {
    for (const segment of segments) parts.push(openPart(segment, door))
    writeDirectories(layer.packer, joined(parts), target)
    for (const part of parts) joinSegment({ blob, form, layer, target }, part, door)
  } finally {
    for (const { kept } of parts) kept?.close()
  }
  return blob.finish(layer.end())
}

/** A segment on its way: as it is kept, or the files that it will be made of. */
type Part = {
  readonly segment: SegmentRequest
  readonly kept: KeptSegment | undefined
  readonly files: () => readonly RecipeFile[]
  /** Every folder that it needs, below the prefix. */
  readonly directories: readonly string[]
}

function openPart(segment: SegmentRequest, door: JoinDoor): Part {
  const kept = segment.kept === undefined ? undefined : door.kept(segment.kept)
  let read: readonly RecipeFile[] | undefined
  const files = (): readonly RecipeFile[] => (read ??= chosen(door.recipe(segment), segment))
  return { segment, kept, files, directories: kept?.directories ?? directoriesOf(files()) }
}

function joined(parts: readonly Part[]): string[] {
  return [...new Set(parts.flatMap(({ directories }) => directories))].sort()
}

type Joining = {
  readonly blob: BlobSink
  readonly form: LayerForm
  readonly layer: OpenLayer
  readonly target: Target
}

function joinSegment({ blob, form, layer, target }: Joining, part: Part, door: JoinDoor): void {
  const { segment, kept, directories } = part
  const at = blob.size()
  if (kept !== undefined) {
    layer.segment(at, kept.notes)
    kept.readPacked(layer.sink.packed)
    if (!blob.wantsPlain) return
    if (kept.plain !== undefined) kept.readPlain(layer.sink.plain)
    else writeSegment(gzipPacker({ plain: layer.sink.plain, packed: () => undefined }), part, { target, door })
    return
  }
  if (segment.kept === undefined) {
    const packer = form.packer(layer.sink)
    // What it holds was looked at when its diffID was made, and the wheel is the same.
    writeSegment(packer, part, { target, door, proven: !blob.wantsPlain })
    layer.segment(at, packer.notes?.())
    return
  }
  const sink = door.keep(layer.sink)
  try {
    const packer = form.packer(sink)
    writeSegment(packer, part, { target, door })
    const notes = packer.notes?.()
    sink.keep(segment.kept, { directories, notes })
    layer.segment(at, notes)
  } catch (error) {
    sink.drop()
    throw error
  }
}

/** The files of a package that a segment holds, in their order. */
export function chosen(files: readonly RecipeFile[], segment: SegmentRequest): readonly RecipeFile[] {
  if (segment.omit.length === 0 && segment.only === undefined) return files
  const omit = new Set(segment.omit)
  const only = segment.only === undefined ? undefined : new Set(segment.only)
  return files.filter(({ path }) => !omit.has(path) && (only === undefined || only.has(path)))
}

function writeSegment(
  packer: Packer,
  { segment, files }: Part,
  {
    target,
    door,
    proven = false,
  }: {
    readonly target: Target
    readonly door: JoinDoor
    /** The content of its files need not be looked at again. */
    readonly proven?: boolean
  },
): void {
  const refuse = refusals(segment.filename)
  const bytes = door.wheel(segment)
  try {
    const { ahead } = segment
    const places = ahead === undefined ? undefined : placesIn(files(), ahead)
    for (const [at, file] of files().entries()) {
      const { size, source } = file
      const header = headerOf(file, target)
      if ("bytes" in source) packer.entry(header, source.bytes)
      else if ("offset" in source) packer.entry(header, bytes.lend(source.offset, size))
      else {
        const offset = places?.get(at)
        const plain =
          ahead === undefined || offset === undefined ? undefined : unpackedAhead(ahead, { at, offset, size })
        if (proven || plain !== undefined)
          copyMember(packer, { bytes, refuse }, { header, member: source.member, plain })
        else spliceMember(packer, { bytes, refuse, inflater: door.inflater }, { header, ...source })
      }
    }
  } finally {
    bytes.close()
  }
  packer.flush()
}

function headerOf({ path, mode, size }: RecipeFile, target: Target): TarHeader {
  return { path: `${target.prefix.slice(1)}/${path}`, kind: "file", mode, uid: target.uid, gid: target.gid, size }
}

/** Directory headers: group-writable, and with the group handed down to what is created in them. */
function writeDirectories(packer: Packer, directories: readonly string[], target: Target): void {
  for (const directory of ["", ...directories]) {
    const path = `${target.prefix.slice(1)}${directory === "" ? "" : `/${directory}`}`
    packer.entry({ path, kind: "directory", mode: 0o2775, uid: target.uid, gid: target.gid, size: 0 })
  }
  packer.flush()
}

/** Every folder above some paths, up to the prefix but without it. */
function directoriesOf(files: readonly RecipeFile[]): readonly string[] {
  const found = new Set<string>()
  for (const { path } of files)
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      const folder = path.slice(0, slash)
      if (found.has(folder)) break
      found.add(folder)
    }
  return [...found]
}
