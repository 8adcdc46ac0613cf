import type { TarHeader } from "../../oci/tar/header.ts"
import type { Survey } from "./survey.ts"
import { notebookUser, userFiles } from "./user.ts"

/** A member that mmdebstrap did not make. */
export type Addition = { readonly header: TarHeader; readonly bytes: Buffer }

/** A file that has to be in the root, 0644 and root's. */
export type ExtraFile = { readonly path: string; readonly bytes: Buffer }

/**
 * What comes after the members of a root: the home of the user with what `/etc/skel` has, and files that have to be
 * there; those that are there already are left out. Missing parents come first.
 */
export function additionsFor(root: Survey, files: readonly ExtraFile[]): readonly Addition[] {
  const there = new Set(root.headers.map((header) => header.path))
  const additions: Addition[] = []
  const add = (header: Omit<TarHeader, "size">, bytes: Buffer = Buffer.alloc(0)): void => {
    if (there.has(header.path)) return
    there.add(header.path)
    additions.push({ header: { ...header, size: header.kind === "file" ? bytes.length : 0 }, bytes })
  }
  const addParents = (path: string): void => {
    const parts = path.split("/").slice(0, -1)
    for (let count = 1; count <= parts.length; count++)
      add({ path: parts.slice(0, count).join("/"), kind: "directory", mode: 0o755, uid: 0, gid: 0 })
  }
  const missing = Object.keys(userFiles).map((path) => ({ path, bytes: Buffer.alloc(0) }))
  for (const { path, bytes } of [...files, ...missing].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    addParents(path)
    const mode = path === "etc/shadow" ? 0o640 : 0o644
    add({ path, kind: "file", mode, uid: 0, gid: path === "etc/shadow" ? 42 : 0 }, rewritten(path, bytes))
  }
  const home = notebookUser.home.slice(1)
  const owner = { uid: notebookUser.uid, gid: notebookUser.gid }
  addParents(home)
  // As docker-stacks has it: the group may write, and what is made there is the group's too.
  add({ path: home, kind: "directory", mode: 0o2775, ...owner })
  for (const header of root.headers) {
    if (!header.path.startsWith("etc/skel/")) continue
    const path = `${home}/${header.path.slice("etc/skel/".length)}`
    const { kind, link } = header
    if (kind === "directory") add({ path, kind, mode: 0o2775, ...owner })
    else if (kind === "symlink" && link !== undefined) add({ path, kind, mode: 0o777, link, ...owner })
    else if (kind === "file")
      add({ path, kind, mode: (header.mode | 0o060) & 0o775, ...owner }, root.texts.get(header.path) ?? Buffer.alloc(0))
  }
  return additions
}

/** The bytes of a file with what the image's user needs in it. */
export function rewritten(path: string, bytes: Buffer): Buffer {
  const rewrite = userFiles[path]
  return rewrite === undefined ? bytes : Buffer.from(rewrite(bytes.toString("utf8")))
}
