import { Failure } from "../../failure.ts"
import type { Segment } from "../../packages/segment/recipe.ts"
import { sitePackages, type Target } from "../../packages/wheel/target.ts"

/** The files that a package would install, by its name. */
export type PackageFiles = { readonly name: string; readonly paths: readonly string[] }

export type Overlaps = {
  /** By package: what it leaves to another. */
  readonly omit: ReadonlyMap<string, readonly string[]>
  /** One sentence for each pair of packages. */
  readonly notes: readonly string[]
}

/**
 * The packages whose files could be those of another or of the parent: they have a name in site-packages that another
 * has there too, or very many files elsewhere. What packages have elsewhere is compared path by path in any case.
 */
export function suspectsAmong(
  packages: readonly { readonly name: string; readonly segment: Segment }[],
  { parent, target }: { readonly parent: Present; readonly target: Target },
): ReadonlySet<string> {
  const site = sitePackages(target)
  const owners = new Map<string, string>()
  const suspects = new Set<string>()
  for (const { name, segment } of packages) {
    if (segment.elsewhere === undefined) suspects.add(name)
    for (const top of segment.top) {
      const other = owners.get(top)
      if (other !== undefined) suspects.add(other).add(name)
      owners.set(top, name)
      if (parent.folders.has(`${site}/${top}`) || parent.files.has(`${site}/${top}`)) suspects.add(name)
    }
  }
  return suspects
}

type Present = { readonly files: ReadonlySet<string>; readonly folders: ReadonlySet<string> }

/**
 * Decides once who brings a path that two packages have: the last in the order of names, whatever the order of
 * `packages`. A path that the parent has is replaced, and reported too. Fails with `no` where one package's file is
 * another's folder.
 */
export function findOverlaps(packages: readonly PackageFiles[], parent: Present): Overlaps {
  const owner = new Map<string, string>()
  const folders = new Map<string, string>()
  const omit = new Map<string, string[]>()
  const pairs = new Map<string, string[]>()
  const note = (sentence: string, path: string): void =>
    void pairs.set(sentence, [...(pairs.get(sentence) ?? []), path])
  for (const { name, paths } of [...packages].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    for (const path of paths) {
      const before = owner.get(path)
      if (before !== undefined) {
        omit.set(before, [...(omit.get(before) ?? []), path])
        note(`${before} and ${name} both bring`, path)
      } else if (parent.files.has(path)) note(`${name} replaces a file of the parent:`, path)
      owner.set(path, name)
      for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
        const folder = path.slice(0, slash)
        if (folders.has(folder)) break
        folders.set(folder, name)
      }
    }
  }
  for (const [path, name] of owner) {
    const other = folders.get(path) ?? (parent.folders.has(path) ? "the parent" : undefined)
    if (other !== undefined)
      throw new Failure("no", `\`${path}\` is a file of ${name} and a folder of ${other}`, { hint: apart(name, other) })
  }
  for (const [folder, name] of folders) {
    if (parent.files.has(folder))
      throw new Failure("no", `\`${folder}\` is a folder of ${name} and a file of the parent`, {
        hint: apart(name, "the parent"),
      })
  }
  const notes = [...pairs].map(([sentence, paths]) => {
    const more = paths.length > 1 ? ` and ${paths.length - 1} more` : ""
    return `${sentence} ${paths[0]}${more}${sentence.endsWith("both bring") ? "; the later name counts" : ""}`
  })
  return { omit, notes }
}

function apart(name: string, other: string): string {
  return `They cannot be in one environment: leave ${name} out of the lock${other === "the parent" ? ", build on another image" : `, or ${other}`}, or take another version`
}
