import type { Bytes } from "../wheel/bytes.ts"
import { planInstallation, type InstalledFile } from "../wheel/install.ts"
import type { Target } from "../wheel/target.ts"
import type { Member } from "../wheel/zip.ts"

/** What planning needs to know of a package, without its bytes. */
export type Segment = {
  /** As METADATA writes them. */
  readonly name: string
  readonly version: string
  /** Relative to the prefix: where its metadata is. */
  readonly distInfo: string
  /** The SHA-256 of the file that it is cut from, where that was made here. */
  readonly pack?: string
  /** Sorted by path. `size` is the most that it takes in a layer, compressed, in bytes. */
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/**
 * A file as it is made from a wheel: a member as it is, with the hash that RECORD promises, or bytes of our own; or a
 * piece of a file that was made here.
 */
export type RecipeFile = {
  readonly path: string
  readonly mode: number
  readonly size: number
  readonly source:
    | { readonly member: Member; readonly promised: { readonly hash: string; readonly size: string } | undefined }
    | { readonly bytes: Uint8Array }
    | { readonly offset: number }
}

/** How a wheel becomes a segment: what was read of its directory and metadata, so that they are read once. */
export type Recipe = { readonly segment: Segment; readonly files: readonly RecipeFile[] }

/** Reads a wheel's directory and metadata and says what it becomes. */
export function recipeOf(wheel: { bytes: Bytes; filename: string }, target: Target): Recipe {
  const { name, version, distInfo, files } = planInstallation(wheel, target)
  const at = target.prefix.length
  return {
    segment: {
      name,
      version,
      distInfo,
      files: files.map((file) => ({ path: file.path, size: contentSize(file) + headerSize(at + file.path.length) })),
    },
    files: files.map(({ path, mode, size, source }) => ({
      path,
      mode,
      size,
      source: source.kind === "bytes" ? { bytes: source.bytes } : source,
    })),
  }
}

/** How a pack of files that follow each other becomes a segment. */
export function packedRecipe(
  what: Pick<Segment, "name" | "version"> & { readonly pack: string },
  files: readonly { readonly path: string; readonly offset: number; readonly size: number }[],
  target: Target,
): Recipe {
  const at = target.prefix.length
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return {
    segment: {
      ...what,
      distInfo: "",
      files: sorted.map(({ path, size }) => ({ path, size: ownSize(size) + headerSize(at + path.length) })),
    },
    files: sorted.map(({ path, offset, size }) => ({ path, mode: 0o664, size, source: { offset } })),
  }
}

/** What our own encoder makes of so many bytes at most. */
function ownSize(size: number): number {
  return size + 5 * Math.ceil(size / 0xffff)
}

function contentSize({ size, source }: InstalledFile): number {
  if (source.kind === "bytes") return ownSize(size)
  const { method, packed } = source.member
  // A stored member gets a head for each block of 65,535 bytes.
  return packed + 18 + (method === 0 ? 5 * Math.ceil(packed / 0xffff) : 0)
}

/** More than a header, its padding and a share of its directories ever take, compressed. A PAX header says a long path three times. */
function headerSize(path: number): number {
  return 320 + path * (path > 90 ? 6 : 2)
}

type PackedFile = readonly [path: string, mode: number, size: number, source: string | number | PackedMember]
type PackedMember = readonly [
  path: string,
  method: 0 | 8,
  crc: number,
  packed: number,
  offset: number,
  limit: number,
  flags: number,
  hash?: string,
  size?: string,
]

/** A recipe as two lines of text: what planning needs, then the rest. */
export function recipeText({ segment, files }: Recipe): string {
  const packed = files.map(({ path, mode, size, source }): PackedFile => {
    if ("bytes" in source) return [path, mode, size, Buffer.from(source.bytes).toString("base64")]
    if ("offset" in source) return [path, mode, size, source.offset]
    const { member, promised } = source
    const { method, crc, packed: length, offset, limit, flags } = member
    const row = promised === undefined ? [] : ([promised.hash, promised.size] as const)
    return [path, mode, size, [member.path, method, crc, length, offset, limit, flags, ...row] as PackedMember]
  })
  return `${JSON.stringify(segment)}\n${JSON.stringify(packed)}`
}

/** The first line of a recipe's text. */
export function segmentFromText(text: string): Segment {
  return JSON.parse(text.slice(0, text.indexOf("\n"))) as Segment
}

/** The files of a recipe's text. */
export function recipeFilesFromText(text: string): RecipeFile[] {
  const packed = JSON.parse(text.slice(text.indexOf("\n") + 1)) as readonly PackedFile[]
  return packed.map(([path, mode, size, source]) => {
    if (typeof source === "string") return { path, mode, size, source: { bytes: Buffer.from(source, "base64") } }
    if (typeof source === "number") return { path, mode, size, source: { offset: source } }
    const [archivePath, method, crc, length, offset, limit, flags, hash, promisedSize] = source
    const member = { path: archivePath, method, crc, packed: length, size, offset, limit, flags, executable: false }
    const promised = hash === undefined ? undefined : { hash, size: promisedSize ?? "" }
    return { path, mode, size, source: { member, promised } }
  })
}
