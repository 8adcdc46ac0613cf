import picomatch from "picomatch"
import { Failure } from "../failure.ts"
import type { FolderView } from "./folder-view.ts"
import { everything, walk, type Found } from "./walk.ts"

/** True when a path is written as a glob: it has `*`, `?`, `[` or `{`. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path)
}

/**
 * A path below a folder in its plain form: `./a//b/` is `a/b`, the folder itself is `""`. Undefined when it is absolute
 * or leaves the folder.
 */
export function pathBelow(path: string): string | undefined {
  if (path.startsWith("/") || path.includes("\0")) return undefined
  const parts: string[] = []
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join("/")
}

/**
 * Everything that a glob means below a folder, sorted, files and folders alike; links are not followed. A plain path
 * means itself. Names that start with a dot have to be written with it. Fails with `cannot` for a path that leaves the folder.
 *
 * @param pattern as picomatch understands it: `images/*`, `**` for any depth, `{a,b}`
 */
export async function expandGlob(view: FolderView, pattern: string): Promise<readonly Found[]> {
  const clean = pathBelow(pattern)
  if (clean === undefined) throw new Failure("cannot", `${pattern} leaves the folder ${view.folder}`)
  if (!isGlob(clean)) {
    const stat = await view.stat(clean)
    return stat === undefined ? [] : [{ path: clean, kind: stat.kind }]
  }
  const { base } = picomatch.scan(clean)
  const matches = picomatch(clean)
  const deep = clean.includes("**") || clean.includes("{")
  if (!deep) return matchLevels(view, clean)
  const all = await withFolders(view, base)
  return all.filter(({ path }) => matches(path))
}

/** Level by level, so that a glob reads only the folders that it names. */
async function matchLevels(view: FolderView, pattern: string): Promise<readonly Found[]> {
  let found: readonly Found[] = [{ path: "", kind: "directory" }]
  for (const part of pattern.split("/")) {
    const matches = isGlob(part) ? picomatch(part) : (name: string): boolean => name === part
    const next: Found[] = []
    for (const { path, kind } of found)
      if (kind === "directory")
        for (const one of (await view.list(path)) ?? [])
          if (matches(one.name)) next.push({ path: path === "" ? one.name : `${path}/${one.name}`, kind: one.kind })
    found = next
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function withFolders(view: FolderView, base: string): Promise<readonly Found[]> {
  const files = await walk(view, base, everything)
  const folders = new Set<string>()
  for (const { path } of files)
    for (let at = path.lastIndexOf("/"); at > base.length; at = path.lastIndexOf("/", at - 1))
      folders.add(path.slice(0, at))
  const all = [...files, ...[...folders].map((path): Found => ({ path, kind: "directory" }))]
  return all.sort((a, b) => (a.path < b.path ? -1 : 1))
}
