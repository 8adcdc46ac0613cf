import type { FileKind } from "../host/files.ts"
import type { FolderView } from "../files/folder-view.ts"

/** Where a source leads to inside the context, links followed. */
export type Located = {
  /** Relative to the context; `""` is the context itself. */
  readonly path: string
  readonly kind: FileKind
  /** Links on the way, relative to the context: the build needs them too. */
  readonly links: readonly string[]
}

const hops = 40

/**
 * Follows a path inside a context as BuildKit does: links are followed on the way and at its end, and neither `..` nor an
 * absolute link leaves the context. Undefined when nothing is there, or a circle of links.
 */
export async function locate(view: FolderView, context: string, path: string): Promise<Located | undefined> {
  const rest = path.split("/")
  const links: string[] = []
  let at: string[] = []
  let kind: FileKind = "directory"
  while (rest.length > 0) {
    const part = rest.shift() ?? ""
    if (part === "" || part === ".") continue
    if (part === "..") {
      at = at.slice(0, -1)
      kind = "directory"
      continue
    }
    if (kind !== "directory") return undefined
    const child = [...at, part]
    const place = below(context, child.join("/"))
    const found = await view.kindOf(place)
    if (found === undefined) return undefined
    if (found !== "link") {
      at = child
      kind = found
      continue
    }
    const target = await view.readLink(place)
    if (target === undefined || links.length === hops) return undefined
    links.push(child.join("/"))
    if (target.startsWith("/")) at = []
    rest.unshift(...target.split("/"))
  }
  return { path: at.join("/"), kind, links: [...new Set(links)] }
}

/** A path of the context as one of the view. */
export function below(context: string, path: string): string {
  if (context === "") return path
  return path === "" ? context : `${context}/${path}`
}
