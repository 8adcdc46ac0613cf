import { Failure } from "../../failure.ts"
import { constantTime } from "../tar/header.ts"
import type { LayerHeader } from "./headers.ts"

/** What is at a path of the merged image. Hard links are files that share their `content`. */
export type MergedEntry = {
  /** Relative to the root, which is `""`. */
  readonly path: string
  readonly kind: "file" | "directory" | "symlink" | "character" | "block" | "fifo"
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** In bytes; 0 for all but files. */
  readonly size: number
  readonly mtime: number
  /** The target of a symbolic link. */
  readonly link?: string
  readonly device?: { readonly major: number; readonly minor: number }
  readonly xattrs?: Readonly<Record<string, Uint8Array>>
  /** The layer whose header decides, counted from 0 at the bottom. */
  readonly layer: number
  /** Of a file: which member of which layer has its bytes. */
  readonly content?: { readonly layer: number; readonly member: number }
}

/** A directory of the merged image, or something in one. */
export type MergedNode = { entry: MergedEntry; readonly children: Map<string, MergedNode> }

/** Symbolic links on the way to one path, at most. */
const maximumLinks = 40

/** An image without layers. */
export function emptyTree(): MergedNode {
  const entry = directoryEntry("", 0)
  return { entry, children: new Map() }
}

/**
 * Puts a layer on a tree, in place. Whiteouts hide what is below and nothing of their own layer. A directory that
 * only follows from a member's path may be a symbolic link below, as `/bin` is on a merged-usr system, and is
 * followed; one with a header of its own replaces the link. https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export function applyLayer(root: MergedNode, headers: readonly LayerHeader[], layer: number): void {
  for (const { path } of headers) {
    const [folder, name] = splitPath(path)
    if (!name.startsWith(".wh.")) continue
    const parent = findNode(root, folder, { followLast: true })
    if (name === ".wh..wh..opq") parent?.children.clear()
    else if (!name.startsWith(".wh..wh.")) parent?.children.delete(name.slice(".wh.".length))
  }
  for (const [member, header] of headers.entries()) {
    const [folder, name] = splitPath(header.path)
    if (name.startsWith(".wh.")) continue
    if (header.path === "") {
      if (header.kind === "directory") root.entry = entryOf(header, { path: "", layer, member })
      continue
    }
    const parent = makeParents(root, folder, layer)
    const path = parent.entry.path === "" ? name : `${parent.entry.path}/${name}`
    const entry =
      header.kind === "hardlink" ? linkedEntry(root, header, { path, layer }) : entryOf(header, { path, layer, member })
    const before = parent.children.get(name)
    if (entry.kind === "directory" && before?.entry.kind === "directory") before.entry = entry
    else parent.children.set(name, { entry, children: new Map() })
  }
}

type At = { readonly path: string; readonly layer: number; readonly member: number }

function entryOf(header: LayerHeader, { path, layer, member }: At): MergedEntry {
  const { kind, mode, uid, gid, size, mtime, device, xattrs, link } = header
  if (kind === "hardlink") throw new TypeError("a hard link has the entry of its target")
  return {
    path,
    kind,
    mode,
    uid,
    gid,
    size,
    mtime,
    ...(kind === "symlink" ? { link: link ?? "" } : {}),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined ? {} : { xattrs }),
    layer,
    ...(kind === "file" ? { content: { layer, member } } : {}),
  }
}

function linkedEntry(root: MergedNode, header: LayerHeader, { path, layer }: Omit<At, "member">): MergedEntry {
  const target = findNode(root, header.link ?? "", { followLast: false })
  if (target === undefined || target.entry.kind === "directory")
    throw new Failure(
      "cannot",
      `Layer ${layer + 1} has a hard link ${header.path} to ${header.link}, which is no file there`,
    )
  return { ...target.entry, path, layer }
}

/** The directory at a path; what is missing of it is made as if by hand. */
function makeParents(root: MergedNode, folder: string, layer: number): MergedNode {
  let at = root
  let links = 0
  const parts = folder === "" ? [] : folder.split("/")
  const trail: MergedNode[] = [root]
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === "" || part === ".") continue
    if (part === "..") {
      if (trail.length > 1) trail.pop()
      at = trail.at(-1) ?? root
      continue
    }
    const next = at.children.get(part)
    if (next?.entry.kind === "symlink" && ++links <= maximumLinks) {
      const link = next.entry.link ?? ""
      parts.unshift(...link.split("/"))
      if (link.startsWith("/")) trail.length = 1
      at = trail.at(-1) ?? root
      continue
    }
    if (next?.entry.kind === "directory") at = next
    else {
      const path = at.entry.path === "" ? part : `${at.entry.path}/${part}`
      const made: MergedNode = { entry: directoryEntry(path, layer), children: new Map() }
      at.children.set(part, made)
      at = made
    }
    trail.push(at)
  }
  return at
}

/** What is at a path; symbolic links on the way are followed within the image, the last one only if asked. */
export function findNode(
  root: MergedNode,
  path: string,
  options: { readonly followLast: boolean },
): MergedNode | undefined {
  const parts = path.split("/")
  const trail: MergedNode[] = [root]
  let links = 0
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === "" || part === ".") continue
    if (part === "..") {
      if (trail.length > 1) trail.pop()
      continue
    }
    const next = trail.at(-1)?.children.get(part)
    if (next === undefined) return undefined
    const isLast = parts.every((rest) => rest === "" || rest === ".")
    if (next.entry.kind === "symlink" && (!isLast || options.followLast)) {
      if (++links > maximumLinks) return undefined
      const link = next.entry.link ?? ""
      if (link.startsWith("/")) trail.length = 1
      parts.unshift(...link.split("/"))
    } else trail.push(next)
  }
  return trail.at(-1)
}

function directoryEntry(path: string, layer: number): MergedEntry {
  return { path, kind: "directory", mode: 0o755, uid: 0, gid: 0, size: 0, mtime: constantTime, layer }
}

function splitPath(path: string): readonly [string, string] {
  const slash = path.lastIndexOf("/")
  return slash === -1 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)]
}

/** A node on a walk, its name, and where it is; the first has no folder above it. */
export type WalkedNode = { readonly node: MergedNode; readonly name: string; readonly parent: WalkedNode | undefined }

/** A node and all below it, parents first, names in byte order. */
export function* walkNodes(from: MergedNode): Iterable<WalkedNode> {
  const stack: WalkedNode[] = [{ node: from, name: "", parent: undefined }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    yield at
    const names = [...at.node.children].sort(([a], [b]) => (a < b ? 1 : -1))
    for (const [name, node] of names) stack.push({ node, name, parent: at })
  }
}

/** What is at a node and all below it, in the same order. */
export function* walkTree(from: MergedNode): Iterable<MergedEntry> {
  for (const { node } of walkNodes(from)) yield node.entry
}
