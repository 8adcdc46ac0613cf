import type { LayerHeader } from "../../oci/merged/headers.ts"
import { applyLayer, emptyTree, findNode, walkTree, type MergedEntry, type MergedNode } from "../../oci/merged/tree.ts"

/** What a later layer did to files of an earlier one, so that they are pulled and never seen. */
export type HiddenKind =
  /** Their modes or owners changed, for which a layer has to have them whole. */
  | "modes"
  /** Nothing of them changed, as far as a header tells. */
  | "copied"
  /** They were written anew. */
  | "rewritten"
  | "removed"

/** Files of a layer that nobody sees, by the layer that hides them and how. */
export type Hidden = {
  /** Layers are counted from 0 at the bottom. */
  readonly layer: number
  readonly by: number
  readonly kind: HiddenKind
  readonly files: number
  /** Unpacked. */
  readonly bytes: number
  /** The folder that most of these bytes are in, three parts long at most. */
  readonly most: string
}

/** The files of an image as a container sees them, and what its layers have besides. */
export type Weighed = { readonly root: MergedNode; readonly hidden: readonly Hidden[] }

/**
 * Puts layers on each other and notes what they hide. A file with several names is hidden when all of them are.
 *
 * @param layers The headers of each, from the bottom up.
 */
export function weigh(layers: readonly (readonly LayerHeader[])[]): Weighed {
  const root = emptyTree()
  const fates = new Map<string, Fate>()
  for (const [by, headers] of layers.entries()) {
    for (const header of headers) noteFate(root, header, by, fates)
    applyLayer(root, headers, by)
  }
  for (const { content } of walkTree(root)) if (content !== undefined) fates.delete(keyOf(content))
  return { root, hidden: grouped([...fates.values()]) }
}

type Fate = {
  readonly layer: number
  readonly by: number
  readonly kind: HiddenKind
  readonly path: string
  readonly size: number
}

function keyOf({ layer, member }: { readonly layer: number; readonly member: number }): string {
  return `${layer} ${member}`
}

/** What a member of a layer does to what is there before it. */
function noteFate(root: MergedNode, header: LayerHeader, by: number, fates: Map<string, Fate>): void {
  const note = ({ path, size, content }: MergedEntry, kind: HiddenKind): void => {
    if (content !== undefined) fates.set(keyOf(content), { layer: content.layer, by, kind, path, size })
  }
  const all = (node: MergedNode | undefined): void => {
    if (node !== undefined) for (const entry of walkTree(node)) note(entry, "removed")
  }
  const slash = header.path.lastIndexOf("/")
  const [folder, name] = [header.path.slice(0, Math.max(0, slash)), header.path.slice(slash + 1)]
  if (name === ".wh..wh..opq")
    for (const node of findNode(root, folder, { followLast: true })?.children.values() ?? []) all(node)
  else if (name.startsWith(".wh.")) {
    if (!name.startsWith(".wh..wh."))
      all(findNode(root, `${folder}/${name.slice(".wh.".length)}`, { followLast: false }))
  } else if (header.kind !== "directory") {
    const before = findNode(root, header.path, { followLast: false })
    if (before?.entry.kind === "directory") all(before)
    else if (before !== undefined) note(before.entry, changeOf(before.entry, header))
  }
}

function changeOf(before: MergedEntry, after: LayerHeader): HiddenKind {
  if (after.kind !== "file" || before.size !== after.size || before.mtime !== after.mtime) return "rewritten"
  const isSame = before.mode === after.mode && before.uid === after.uid && before.gid === after.gid
  return isSame ? "copied" : "modes"
}

function grouped(fates: readonly Fate[]): readonly Hidden[] {
  const groups = Map.groupBy(fates, ({ layer, by, kind }) => `${layer} ${by} ${kind}`)
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group
      if (first === undefined) return []
      const folders = new Map<string, number>()
      for (const { path, size } of group) {
        const folder = path.split("/").slice(0, -1).slice(0, 3).join("/")
        folders.set(folder, (folders.get(folder) ?? 0) + size)
      }
      const [most = ""] = [...folders].sort((a, b) => b[1] - a[1]).map(([folder]) => folder)
      const { layer, by, kind } = first
      return [{ layer, by, kind, files: group.length, bytes: group.reduce((sum, { size }) => sum + size, 0), most }]
    })
    .sort((a, b) => b.bytes - a.bytes)
}
