import { Failure } from "../../failure.ts"
import { relativePath } from "../../oci/merged/headers.ts"
import { scanWith, type LayerName, type LayerScan, type LayerVisitor } from "./bounded-scan.ts"
import type { Item } from "./item.ts"
import { isLikeFolder } from "./like-folder.ts"
import { readerOf } from "./readers/all.ts"
import { isNote, noteOf, type Note } from "./readers/notes.ts"
import { isPackageCache } from "./readers/python.ts"

/** Rises when what is read of a layer changes: facts of before are not used then. */
export const factsFormat = 7

/** What one file of a layer says. */
export type LayerRecord = Note & {
  readonly path: string
  readonly items: readonly Item[]
}

/**
 * A file that says something; a symbolic link with where it leads, or a file that says nothing, which take the place of what was
 * below; or a folder with a header of its own, which takes the place of a link.
 */
export type LayerMember = LayerRecord | readonly [path: string, target: string] | readonly [path: string] | string

/** What a layer brings to an inventory and what it takes away, in the order of its archive where that matters. */
export type LayerFacts = {
  readonly format: number
  /** Paths that the layer removes, in order; with a slash at the end a folder of which nothing from below is seen. */
  readonly gone: readonly string[]
  /** In the order of the archive: what matters of it. */
  readonly members: readonly LayerMember[]
  /** Files of the layer, and their bytes. */
  readonly files: number
  readonly bytes: number
}

/** The largest database of a package manager that is read. */
const largestDatabase = 256 * 1024 * 1024
/** Other files that say something. */
const largestFile = 64 * 1024 * 1024
/** What is kept of conda's unpacked packages until the layer ends, since environments have links to them. */
const largestSpare = 64 * 1024 * 1024
/** What an inventory may be made of: links, removals and items of a layer. */
const mostFacts = 2_000_000

/** Begins to read a layer. */
export function scanLayer(layer: LayerName): LayerScan<LayerFacts> {
  return scanWith(layer, factsVisitor(layer.what))
}

/** Who looks at the members of a layer for what they say; `what` names the layer in an error. */
export function factsVisitor(what: string): LayerVisitor<LayerFacts> {
  const members: LayerMember[] = []
  /** What was said at a path last. */
  const records = new Map<string, LayerRecord>()
  /** Files of package caches by path, for links to them. */
  const spare = new Map<string, Buffer>()
  const gone: string[] = []
  let [spareSize, files, bytes, facts] = [0, 0, 0, 0]

  const count = (more: number): void => {
    facts += more
    if (facts > mostFacts)
      throw new Failure("cannot", `Cannot read ${what}: it says more than ${mostFacts} things about packages`, {
        hint: "No image of packages is like that; look at how the layer was made",
      })
  }
  const add = (record: LayerRecord): void => {
    count(1 + record.items.length)
    members.push(record)
    records.set(record.path, record)
  }
  const keep = (path: string, content: Buffer): void => {
    add(recordOf(path, content))
  }
  const linked = (path: string, target: string): void => {
    const content = spare.get(target)
    const same = records.get(target)
    if (content !== undefined) keep(path, content)
    // A kernel is called as its folder, and a link to a kernel's file from elsewhere is another kernel.
    else add({ ...same, path, items: (same?.items ?? []).map((item) => renamed(item, path)) })
  }
  return {
    wants({ path: written, size }) {
      const path = relativePath(written)
      if (!saysSomething(path) || isByName(path)) return false
      const most = isDatabase(path) ? largestDatabase : largestFile
      if (size > most)
        throw new Failure("cannot", `Cannot read ${what}: ${path} has ${size} bytes, more than ${most}`, {
          hint: "No tool writes such a file; look at how the layer was made",
        })
      if (!isPackageCache(path)) return true
      spareSize += size
      return spareSize <= largestSpare
    },
    member(header, content) {
      const path = relativePath(header.path)
      const slash = path.lastIndexOf("/")
      const name = path.slice(slash + 1)
      if (name.startsWith(".wh.")) {
        count(1)
        const folder = path.slice(0, slash + 1)
        if (name === ".wh..wh..opq") gone.push(folder === "" ? "/" : folder)
        // Others that begin so are aufs's own.
        else if (!name.startsWith(".wh..wh.")) gone.push(`${folder}${name.slice(".wh.".length)}`)
        return
      }
      if (header.kind === "directory") {
        count(1)
        members.push(path)
        return
      }
      if (header.kind === "file") {
        files++
        bytes += header.size
        if (isLikeFolder(path) && !saysSomething(path)) {
          count(1)
          members.push([path])
        }
        if (isByName(path)) keep(path, Buffer.alloc(0))
        if (content === undefined) return
        if (isPackageCache(path)) spare.set(path, Buffer.from(content))
        else if (saysSomething(path)) keep(path, content)
      } else if (header.kind === "symlink") {
        count(1)
        members.push([path, header.link ?? ""])
      } else if (saysSomething(path) && !isPackageCache(path)) {
        if (header.kind === "hardlink") linked(path, relativePath(header.link ?? ""))
        // What took the place of a file that said something.
        else add({ path, items: [] })
      }
    },
    found: () => ({
      format: factsFormat,
      gone,
      members,
      files,
      bytes,
    }),
  }
}

/** True for a file that says something. */
export function isRecord(member: LayerMember): member is LayerRecord {
  return typeof member === "object" && "items" in member
}

function saysSomething(path: string): boolean {
  return readerOf(path) !== undefined || isNote(path)
}

function isByName(path: string): boolean {
  return readerOf(path)?.isByName === true
}

function isDatabase(path: string): boolean {
  return /(?:^var\/lib\/dpkg\/status|\/installed|\.tlpdb|\/rpmdb\.sqlite(?:-wal)?)$/.test(path)
}

function recordOf(path: string, content: Buffer): LayerRecord {
  if (isNote(path)) return { path, items: [], ...noteOf(path, content) }
  return { path, items: readerOf(path)?.read(path, content) ?? [] }
}

function renamed(item: Item, path: string): Item {
  return item.kind === "kernel" ? { ...item, name: (path.split("/").at(-2) ?? "").toLowerCase() } : item
}
