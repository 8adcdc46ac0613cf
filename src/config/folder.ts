import { posix } from "node:path"
import type { Files, FileKind } from "../host/files.ts"

/** The tree's folder, each directory in it listed once. Paths are relative to it, with `/`. */
export type TreeFolder = {
  /** What is there, links followed; `outside` for a link that leaves the folder. */
  kindOf(path: string): Promise<FileKind | "outside" | undefined>
  /** Names in a directory, links followed; undefined where there is none. */
  list(path: string): Promise<readonly { readonly name: string; readonly kind: FileKind | "outside" }[] | undefined>
}

/** Looks into a folder and remembers what it saw, for as long as one reading of the configuration takes. */
export function openTreeFolder(folder: string, files: Files): TreeFolder {
  const listings = new Map<string, Promise<ReadonlyMap<string, FileKind> | undefined>>()
  const root = files.realPath(folder)
  root.catch(() => undefined)

  const listing = (path: string): Promise<ReadonlyMap<string, FileKind> | undefined> => {
    const known = listings.get(path)
    if (known !== undefined) return known
    const found = files
      .list(posix.join(folder, path))
      .then((entries) => entries && new Map(entries.map(({ name, kind }) => [name, kind])))
    listings.set(path, found)
    return found
  }

  const follow = async (path: string): Promise<FileKind | "outside" | undefined> => {
    try {
      const [real, top] = await Promise.all([files.realPath(posix.join(folder, path)), root])
      if (real !== top && !real.startsWith(top.endsWith("/") ? top : `${top}/`)) return "outside"
      return (await files.stat(real))?.kind
    } catch {
      return undefined
    }
  }

  const kindOf: TreeFolder["kindOf"] = async (path) => {
    if (path === "." || path === "") return "directory"
    const entries = await listing(posix.dirname(path))
    const kind = entries?.get(posix.basename(path))
    return kind === "link" ? follow(path) : kind
  }

  return {
    kindOf,
    list: async (path) => {
      const entries = await listing(path)
      if (entries === undefined) return undefined
      return Promise.all(
        [...entries].map(async ([name, kind]) => ({
          name,
          kind: kind === "link" ? ((await follow(posix.join(path, name))) ?? "other") : kind,
        })),
      )
    },
  }
}
