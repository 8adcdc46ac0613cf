import { posix } from "node:path"
import { findNode, walkNodes, type MergedNode } from "../../oci/merged/tree.ts"
import type { Found } from "../inventory/join.ts"
import { keysOf, listKindOf, type ListKind, type PackageFiles } from "./lists/list-kinds.ts"
import type { LayerLists } from "./lists/read-lists.ts"

/** The item that a file or folder belongs to, by its number. */
export type Owners = {
  /** Of files that a package manager listed, and of bytecode that was made of these. */
  readonly ofFile: (node: MergedNode, folder: MergedNode | undefined, name: string) => number | undefined
  /** Of folders that are a package, with all below that belongs to no other. */
  readonly ofFolder: (node: MergedNode) => number | undefined
}

/**
 * Says which package each file of a merged image belongs to: the one whose manager wrote that it installed it. Of several, the
 * system's own comes first, then what pip and its like installed, then conda's, which also has Python's metadata in its packages.
 * Packages of R, Julia and npm are a folder each.
 *
 * @param lists Of each layer, from the bottom up.
 */
export function ownersOf(root: MergedNode, items: readonly Found[], lists: readonly LayerLists[]): Owners {
  const files = new Map<MergedNode, number>()
  const folderAt = knownFolders(root)
  for (const { kind, path, says, item, node } of listsThatCount(root, items, lists)) {
    const from = kind.from(path)
    for (const [, written] of says)
      for (const file of written) {
        const whole = file.startsWith("/") ? file : `${from}/${file}`
        const slash = whole.lastIndexOf("/")
        const found = folderAt(whole.slice(0, slash))?.children.get(whole.slice(slash + 1))
        // A link weighs nothing, but there may be bytecode of it.
        if (found !== undefined && found.entry.kind !== "directory" && !files.has(found)) files.set(found, item)
      }
    // The list itself; one of many packages is of none of them.
    if (says.length === 1 && says[0]?.[0] === "" && !files.has(node)) files.set(node, item)
  }
  const folders = new Map<MergedNode, number>()
  for (const [at, item] of items.entries()) {
    const folder = folderOf(item)
    const node = folder === undefined ? undefined : findNode(root, folder, { followLast: false })
    if (node !== undefined && !folders.has(node)) folders.set(node, at)
  }
  return {
    ofFile(node, folder, name) {
      const own = files.get(node)
      if (own !== undefined || folder === undefined || !name.endsWith(".pyc")) return own
      const source = folder.children.get(`${name.split(".", 1)[0] ?? ""}.py`)
      return source === undefined ? undefined : files.get(source)
    },
    ofFolder: (node) => folders.get(node),
  }
}

type Counted = {
  readonly kind: ListKind
  readonly path: string
  readonly says: readonly PackageFiles[]
  readonly item: number
  readonly node: MergedNode
}

/** Lists that a container sees, of packages that it has, in the order in which they count. */
function listsThatCount(root: MergedNode, items: readonly Found[], lists: readonly LayerLists[]): readonly Counted[] {
  const byKey = new Map(items.flatMap((item, at) => keysOf(item).map((key) => [key, at] as const)))
  const said = lists.map((layer) => new Map(layer))
  const found: Counted[] = []
  for (const { node } of walkNodes(root)) {
    const { path, content } = node.entry
    const kind = content === undefined ? undefined : listKindOf(path)
    if (kind === undefined || content === undefined) continue
    for (const one of said[content.layer]?.get(content.member) ?? []) {
      const item = byKey.get(kind.key(path, one[0]))
      if (item !== undefined) found.push({ kind, path, says: [one], item, node })
    }
  }
  return found.sort((a, b) => rank(items[a.item]) - rank(items[b.item]))
}

/** What conda's own packages say of themselves to Python is not said by another installer. */
function rank(item: Found | undefined): number {
  if (item?.kind !== "package") return 9
  const { ecosystem, installer } = item
  if (ecosystem === "deb" || ecosystem === "apk" || ecosystem === "rpm") return 0
  if (ecosystem === "pypi") return installer === undefined || installer === "conda" ? 3 : 1
  return ecosystem === "conda" ? 2 : 4
}

/** The folder that a package is, or that says of one what it is. */
function folderOf(item: Found): string | undefined {
  if (item.kind !== "package") return undefined
  const { ecosystem, path } = item
  if (ecosystem === "cran" || ecosystem === "julia" || ecosystem === "npm") return posix.dirname(path)
  if (ecosystem !== "pypi") return undefined
  if (path.endsWith(".egg/EGG-INFO/PKG-INFO")) return posix.dirname(posix.dirname(path))
  return /\.(?:dist|egg)-info\/[^/]+$/.test(path) ? posix.dirname(path) : undefined
}

/** Finds folders by their paths, each once: `/lib` of a merged system is a link that is followed. */
function knownFolders(root: MergedNode): (path: string) => MergedNode | undefined {
  const known = new Map<string, MergedNode | undefined>()
  return (path) => {
    if (!known.has(path)) known.set(path, findNode(root, path, { followLast: true }))
    return known.get(path)
  }
}
