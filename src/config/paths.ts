import { posix } from "node:path"

/** Why a path may not be used, or the path in its shortest form. */
export type Judged = { readonly path: string } | { readonly wrong: string }

const longest = 1024

/**
 * Judges a path or glob that must stay in the tree's folder: relative, without `..` that leads out. The shortest
 * form has no `./`, no `//` and no `/` at the end.
 */
export function innerPath(written: string): Judged {
  if (written === "") return { wrong: "is empty" }
  if (written.length > longest) return { wrong: `is longer than ${longest} characters` }
  if (/\p{Cc}/u.test(written)) return { wrong: "holds a control character" }
  if (written.startsWith("/")) return { wrong: "is absolute; paths are relative to the tree's folder" }
  const path = posix.normalize(written)
  if (path === ".." || path.startsWith("../")) return { wrong: "leaves the tree's folder" }
  return { path: path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path }
}

/** Judges a path in the image: absolute, without `..`. A `/` at the end stays. */
export function imagePath(written: string): Judged {
  if (/\p{Cc}/u.test(written)) return { wrong: "holds a control character" }
  if (!written.startsWith("/")) return { wrong: "must be absolute" }
  if (written.split("/").includes("..")) return { wrong: "must not hold `..`" }
  return { path: posix.normalize(written) }
}
