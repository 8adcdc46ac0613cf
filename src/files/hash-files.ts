import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import type { FileEntry } from "../tree/step.ts"
import type { FolderView } from "./folder-view.ts"
import type { Found } from "./walk.ts"

/** Reads at once. More do not help: Node reads files in four threads. */
const reads = 16

/**
 * Entries of what was found, in its order. Of the modes only the executable bit counts, of a link its target. Fails with
 * `cannot` for a socket, a pipe or a device.
 */
export async function hashFiles(view: FolderView, found: readonly Found[]): Promise<readonly FileEntry[]> {
  return parallel(found, reads, (one) => hashOne(view, one))
}

async function hashOne(view: FolderView, { path, kind }: Found): Promise<FileEntry> {
  if (kind === "directory") return { path, executable: false }
  if (kind === "link") {
    const link = await view.readLink(path)
    if (link === undefined) throw gone(path)
    return { path, executable: false, link }
  }
  if (kind === "other")
    throw new Failure("cannot", `${path} is neither a file, a folder nor a link`, {
      hint: "Remove it, or name it in .dockerignore",
    })
  const stat = await view.stat(path)
  if (stat === undefined) throw gone(path)
  return { path, executable: (stat.mode & 0o100) !== 0, sha256: await view.hash(path) }
}

function gone(path: string): Failure {
  const unreadable = path.includes("\uFFFD")
  return new Failure("cannot", unreadable ? `The name of ${path} is not UTF-8` : `${path} is not there any more`)
}
