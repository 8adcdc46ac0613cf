import { createHash } from "node:crypto"
import { Failure } from "../../failure.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import type { LayerBudget } from "../../tree/step.ts"

/** What decides which layer a member goes to; `owners` says which package's a path is. */
export type SplitInput = {
  readonly headers: readonly TarHeader[]
  readonly owners: ReadonlyMap<string, string>
  readonly budget: LayerBudget
}

/** For each layer, from the bottom up, the paths of its members, the directories above them included. */
export type Split = readonly ReadonlySet<string>[]

type Bundle = { readonly name: string; readonly paths: string[]; size: number }

/**
 * Layers of a root: one where it fits the budget. Otherwise packages of a quarter of the budget and more have a
 * layer each, by size class, then by name; the others share some by a hash of their names, so that one package
 * moves one layer; what no package owns comes last. Sizes are those of the archive before it is compressed, which is
 * the most that a layer can have. Fails with `no` when the budget cannot be kept.
 */
export function splitRoot({ headers, owners, budget }: SplitInput): Split {
  const files = headers.filter((header) => header.kind !== "directory")
  const total = headers.reduce((sum, header) => sum + tarSize(header), 1024)
  const all = new Set(headers.map((header) => header.path))
  if (total <= budget.layer) return [all]
  const sizes = new Map(files.map((header) => [header.path, tarSize(header)]))
  const bundles = new Map<string, Bundle>()
  for (const header of files) {
    const path = header.kind === "hardlink" ? (header.link ?? header.path) : header.path
    const name = owners.get(path) ?? ""
    const bundle = bundles.get(name) ?? { name, paths: [], size: 0 }
    bundles.set(name, bundle)
    bundle.paths.push(header.path)
    bundle.size += tarSize(header)
  }
  const rest = bundles.get("")
  bundles.delete("")
  const packages = [...bundles.values()]
  const alone = packages
    .filter((bundle) => bundle.size >= budget.layer / 4)
    .sort((a, b) => sizeClass(b) - sizeClass(a) || (a.name < b.name ? -1 : 1))
  const tail = binned(
    packages.filter((bundle) => bundle.size < budget.layer / 4).sort((a, b) => (a.name < b.name ? -1 : 1)),
    budget.layer,
  )
  const groups = [...alone, ...tail, ...(rest === undefined ? [] : [rest])].flatMap((bundle) =>
    parts(bundle, sizes, budget.layer),
  )
  if (groups.length > budget.layers)
    throw new Failure("no", `The Debian packages need ${groups.length} layers, but ${budget.layers} are allowed`, {
      hint: "Raise `budget: {layers: …}` or `budget: {layer: …}` of this image",
    })
  const directories = headers.filter((header) => header.kind === "directory").map((header) => header.path)
  return groups.map((paths, at) => withParents(at === groups.length - 1 ? [...directories, ...paths] : paths, all))
}

/** Which package owns which path, from dpkg's lists of files. */
export function ownersOf(
  texts: ReadonlyMap<string, Buffer>,
  headers: readonly TarHeader[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  // On a merged /usr the lists say /bin/sh where the file is /usr/bin/sh.
  const moved = new Map(
    headers.flatMap(({ kind, path, link }) =>
      kind === "symlink" && !path.includes("/") && link !== undefined ? [[path, link.replace(/^\//, "")]] : [],
    ),
  )
  for (const [list, bytes] of texts) {
    const name = /^var\/lib\/dpkg\/info\/([^/:]+)(?::[^/]+)?\.list$/.exec(list)?.[1]
    if (name === undefined) continue
    for (const line of bytes.toString("utf8").split("\n")) {
      const path = line.slice(1)
      const [first = "", ...others] = path.split("/")
      const target = moved.get(first)
      owners.set(target === undefined || others.length === 0 ? path : [target, ...others].join("/"), name)
    }
  }
  // A package's metadata is in the layer of its files.
  for (const { path } of headers) {
    const name = /^var\/lib\/dpkg\/info\/([^/:]+?)(?::[^/.]+)?\.[a-z0-9]+$/.exec(path)?.[1]
    if (name !== undefined) owners.set(path, name)
  }
  return owners
}

function tarSize({ size }: TarHeader): number {
  return 512 + Math.ceil(size / 512) * 512
}

function sizeClass({ size }: Bundle): number {
  return Math.floor(Math.log2(size))
}

/** So few shared layers, by powers of two, that each keeps the budget. */
function binned(bundles: readonly Bundle[], limit: number): readonly Bundle[] {
  for (let count = 1; ; count *= 2) {
    const bins = Array.from({ length: count }, (_, at): Bundle => ({ name: `${at}`, paths: [], size: 0 }))
    for (const bundle of bundles) {
      const hash = createHash("sha256").update(bundle.name).digest().readUInt32BE(0)
      const bin = bins[hash % count] as Bundle
      bin.paths.push(...bundle.paths)
      bin.size += bundle.size
    }
    if (count > bundles.length || bins.every((bin) => bin.size <= limit)) return bins.filter((bin) => bin.size > 0)
  }
}

/** The paths of a bundle in as many parts as the budget asks for. */
function parts(bundle: Bundle, sizes: ReadonlyMap<string, number>, limit: number): readonly (readonly string[])[] {
  const result: string[][] = []
  let size = limit
  for (const path of bundle.paths) {
    const own = sizes.get(path) ?? 0
    if (own > limit)
      throw new Failure("no", `/${path} alone is larger than a layer may be (${own} of ${limit} bytes)`, {
        hint: "Raise `budget: {layer: …}` of this image",
      })
    if (size + own > limit) {
      result.push([])
      size = 0
    }
    result.at(-1)?.push(path)
    size += own
  }
  return result
}

/** Engines make up what a layer lacks of the directories above a file, with modes of their own. */
function withParents(paths: readonly string[], all: ReadonlySet<string>): ReadonlySet<string> {
  const result = new Set(paths)
  for (const path of paths)
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      const parent = path.slice(0, slash)
      if (result.has(parent)) break
      if (all.has(parent)) result.add(parent)
    }
  return result
}
