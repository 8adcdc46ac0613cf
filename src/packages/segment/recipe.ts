import { planInstallation } from "../wheel/install.ts"
import { sitePackages, type Target } from "../wheel/target.ts"
import type { Member } from "../wheel/zip.ts"

/** What planning needs to know of a package before it looks at single files. */
export type Segment = {
  /** As METADATA writes them. */
  readonly name: string
  readonly version: string
  /** Relative to the prefix: where its metadata is. */
  readonly distInfo: string
  /** The SHA-256 of the file that it is cut from, where that was made here. */
  readonly pack?: string
  /** The most that it takes in a layer, compressed, in bytes. */
  readonly size: number
  /** What people should know about it, each a sentence. */
  readonly warnings?: readonly string[]
  /** What it has directly in site-packages: other packages with other names there cannot bring the same files. */
  readonly top: readonly string[]
  /** The paths that it has elsewhere below the prefix; undefined where they are many. */
  readonly elsewhere?: readonly string[]
}

/** A file of a segment. `size` is the most that it takes in a layer, compressed, in bytes. */
export type SegmentFile = { readonly path: string; readonly size: number }

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

/** Paths outside site-packages that are listed one by one. */
const fewElsewhere = 200

/** Reads a wheel's directory and metadata and says what it becomes. */
export function recipeOf(wheel: Parameters<typeof planInstallation>[0], target: Target): Recipe {
  const { name, version, distInfo, files: installed, warnings } = planInstallation(wheel, target)
  const files = installed.map(({ path, mode, size, source }) => ({
    path,
    mode,
    size,
    source: source.kind === "bytes" ? { bytes: source.bytes } : source,
  }))
  const told = warnings.length === 0 ? {} : { warnings }
  return { segment: { name, version, distInfo, ...told, ...summed(files, target) }, files }
}

/** How a pack of files that follow each other becomes a segment. */
export function packedRecipe(
  what: Pick<Segment, "name" | "version"> & { readonly pack: string },
  pieces: readonly { readonly path: string; readonly offset: number; readonly size: number }[],
  target: Target,
): Recipe {
  const sorted = pieces.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const files = sorted.map(({ path, offset, size }) => ({ path, mode: 0o664, size, source: { offset } }))
  return { segment: { ...what, distInfo: "", ...summed(files, target) }, files }
}

/** The files of a recipe as planning sees them, sorted by path. */
export function segmentFiles(files: readonly RecipeFile[], { prefix }: Pick<Target, "prefix">): SegmentFile[] {
  return files.map((file) => ({
    path: file.path,
    size: contentSize(file) + headerSize(prefix.length + file.path.length),
  }))
}

function summed(files: readonly RecipeFile[], target: Target): Pick<Segment, "size" | "top" | "elsewhere"> {
  const site = `${sitePackages(target)}/`
  const top = new Set<string>()
  const elsewhere: string[] = []
  for (const { path } of files) {
    if (!path.startsWith(site)) elsewhere.push(path)
    else top.add(path.slice(site.length).split("/", 1)[0] ?? "")
  }
  return {
    size: segmentFiles(files, target).reduce((sum, { size }) => sum + size, 0),
    top: [...top].sort(),
    ...(elsewhere.length > fewElsewhere ? {} : { elsewhere }),
  }
}

/** What our own encoder makes of so many bytes at most. */
function ownSize(size: number): number {
  return size + 5 * Math.ceil(size / 0xffff)
}

function contentSize({ size, source }: RecipeFile): number {
  if (!("member" in source)) return ownSize(size)
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

/** The files of a recipe as text. */
export function recipeText(files: readonly RecipeFile[]): string {
  const packed = files.map(({ path, mode, size, source }): PackedFile => {
    if ("bytes" in source) return [path, mode, size, Buffer.from(source.bytes).toString("base64")]
    if ("offset" in source) return [path, mode, size, source.offset]
    const { member, promised } = source
    const { method, crc, packed: length, offset, limit, flags } = member
    const row = promised === undefined ? [] : ([promised.hash, promised.size] as const)
    return [path, mode, size, [member.path, method, crc, length, offset, limit, flags, ...row] as PackedMember]
  })
  return JSON.stringify(packed)
}

/** The files of a recipe's text. */
export function recipeFilesFromText(text: string): RecipeFile[] {
  const packed = JSON.parse(text) as readonly PackedFile[]
  return packed.map(([path, mode, size, source]) => {
    if (typeof source === "string") return { path, mode, size, source: { bytes: Buffer.from(source, "base64") } }
    if (typeof source === "number") return { path, mode, size, source: { offset: source } }
    const [archivePath, method, crc, length, offset, limit, flags, hash, promisedSize] = source
    const member = { path: archivePath, method, crc, packed: length, size, offset, limit, flags, executable: false }
    const promised = hash === undefined ? undefined : { hash, size: promisedSize ?? "" }
    return { path, mode, size, source: { member, promised } }
  })
}
