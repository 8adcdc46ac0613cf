import type { FileKind } from "../host/files.ts"
import type { FolderView } from "./folder-view.ts"

/** Something below a folder; `path` is relative to the view's folder. */
export type Found = { readonly path: string; readonly kind: FileKind }

export type WalkOptions = {
  /** What is left out. */
  readonly hidden: (path: string) => boolean
  /** True for a hidden folder in which something may be visible again. */
  readonly enter: (path: string) => boolean
}

/** Leaves nothing out. */
export const everything: WalkOptions = { hidden: () => false, enter: () => false }

/**
 * Everything below a folder, sorted by path, without following links. Folders appear only when nothing in them is
 * visible, since others follow from their files.
 */
export async function walk(view: FolderView, path: string, options: WalkOptions): Promise<readonly Found[]> {
  const found: Found[] = []
  await visit(view, path, { options, found })
  return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

type Visit = { readonly options: WalkOptions; readonly found: Found[] }

async function visit(view: FolderView, path: string, visiting: Visit): Promise<void> {
  const { options, found } = visiting
  for (const { name, kind } of (await view.list(path)) ?? []) {
    const child = path === "" ? name : `${path}/${name}`
    const hidden = options.hidden(child)
    if (kind !== "directory") {
      if (!hidden) found.push({ path: child, kind })
      continue
    }
    if (hidden && !options.enter(child)) continue
    const before = found.length
    await visit(view, child, visiting)
    if (!hidden && found.length === before) found.push({ path: child, kind })
  }
}
