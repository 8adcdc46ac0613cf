import type { Bytes } from "../wheel/bytes.ts"
import { planInstallation, type InstalledFile, type Installation } from "../wheel/install.ts"
import { refusals } from "../wheel/refusal.ts"
import type { Target } from "../wheel/target.ts"
import { layerWriter, type LayerWriter, type WrittenLayer } from "./layer-writer.ts"
import { spliceMember } from "./splice-member.ts"

/** One package in a layer: all of its installed files, or some. */
type SegmentRequest = {
  /** Where the wheel is on this machine. */
  readonly file: string
  readonly filename: string
  /** Paths below the prefix that another package brings, and that are left out here. */
  readonly omit: readonly string[]
  /** Only these paths, for a package that is larger than a layer may be. */
  readonly only?: readonly string[] | undefined
}

/** A layer of packages: its directories first, then the segments in their order. */
export type LayerRequest = {
  readonly target: Target
  readonly segments: readonly SegmentRequest[]
}

/** A file that can be read in places while a layer is written. */
export type OpenBytes = Bytes & { close(): void }

/**
 * Joins the segments of some packages into one layer. Every directory at or below the prefix that they need comes
 * first, none above it: the header of an ancestor can replace a link such as `/bin`. `write` gets the blob in pieces.
 */
export async function joinLayer(
  request: LayerRequest,
  io: { readonly open: (file: string) => OpenBytes; readonly write: (piece: Uint8Array) => void },
): Promise<WrittenLayer> {
  const { target } = request
  const writer = layerWriter(io.write)
  const directories = new Set<string>()
  const plans: { segment: SegmentRequest; files: readonly InstalledFile[] }[] = []
  for (const segment of request.segments) {
    using wheel = opened(io.open, segment.file)
    const files = chosen(planInstallation({ bytes: wheel.bytes, filename: segment.filename }, target), segment)
    for (const { path } of files) addParents(path, directories)
    plans.push({ segment, files })
  }
  writeDirectories(writer, [...directories].sort(), target)
  for (const { segment, files } of plans) {
    using wheel = opened(io.open, segment.file)
    await writeSegment(writer, { bytes: wheel.bytes, filename: segment.filename, files, target })
  }
  return writer.finish()
}

/** The files of a package that a segment holds, in their order. */
function chosen(installation: Installation, segment: SegmentRequest): InstalledFile[] {
  const omit = new Set(segment.omit)
  const only = segment.only === undefined ? undefined : new Set(segment.only)
  return installation.files.filter(({ path }) => !omit.has(path) && (only === undefined || only.has(path)))
}

type Piece = {
  readonly bytes: Bytes
  readonly filename: string
  readonly files: readonly InstalledFile[]
  readonly target: Target
}

async function writeSegment(writer: LayerWriter, { bytes, filename, files, target }: Piece): Promise<void> {
  const refuse = refusals(filename)
  for (const file of files) {
    const path = `${target.prefix.slice(1)}/${file.path}`
    const header = { path, kind: "file", mode: file.mode, uid: target.uid, gid: target.gid, size: file.size } as const
    if (file.source.kind === "bytes") writer.entry(header, file.source.bytes)
    else await spliceMember(writer, { bytes, refuse }, { header, ...file.source })
  }
  writer.flush()
}

/** Directory headers: group-writable, and with the group handed down to what is created in them. */
function writeDirectories(writer: LayerWriter, directories: readonly string[], target: Target): void {
  for (const directory of ["", ...directories]) {
    const path = `${target.prefix.slice(1)}${directory === "" ? "" : `/${directory}`}`
    writer.entry({ path, kind: "directory", mode: 0o2775, uid: target.uid, gid: target.gid, size: 0 })
  }
  writer.flush()
}

/** Adds every folder above a path, up to the prefix but without it. */
function addParents(path: string, into: Set<string>): void {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    const folder = path.slice(0, slash)
    if (into.has(folder)) return
    into.add(folder)
  }
}

function opened(open: (file: string) => OpenBytes, file: string): Disposable & { readonly bytes: OpenBytes } {
  const bytes = open(file)
  return { bytes, [Symbol.dispose]: () => bytes.close() }
}
