import { posix } from "node:path"
import type { RowFile } from "../config/row.ts"
import { locate } from "../dockerfile/locate.ts"
import { Failure } from "../failure.ts"
import { hashFiles } from "../files/hash-files.ts"
import { everything, walk, type Found } from "../files/walk.ts"
import { addSource, findPlaced, type Content } from "./content.ts"
import type { FileEntry, FilesStep } from "../tree/step.ts"

/**
 * The steps that copy files, one for each owner and mode, in the order written. As with `COPY`, of a folder its content
 * is copied, and a destination that ends in `/` is a folder.
 */
export async function filesSteps(content: Content, files: readonly RowFile[]): Promise<readonly FilesStep[]> {
  const groups = Map.groupBy(files, ({ uid, gid, mode }) => `${uid}:${gid}:${mode ?? ""}`)
  const steps: FilesStep[] = []
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const entries = new Map<string, FileEntry>()
    for (const file of group) for (const entry of await entriesOf(content, file)) entries.set(entry.path, entry)
    const sorted = [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    const { uid, gid, mode } = first
    steps.push({ kind: "files", format: 1, entries: sorted, uid, gid, ...(mode === undefined ? {} : { mode }) })
  }
  return steps
}

async function entriesOf(content: Content, file: RowFile): Promise<readonly FileEntry[]> {
  const found = await findPlaced(content, file.from)
  const several = found.length > 1 || file.to.endsWith("/")
  if (found.length > 1 && !file.to.endsWith("/"))
    content.problems.push({
      at: file.from.at,
      rule: "files",
      message: `\`${file.from.value}\` is ${found.length} files, but ${file.to} is one`,
      hint: `Write ${file.to}/`,
    })
  const all = await Promise.all(found.map((one) => copied(content, one, { to: file.to, several })))
  return all.flat()
}

type Destination = { readonly to: string; readonly several: boolean }

async function copied(content: Content, written: Found, { to, several }: Destination): Promise<readonly FileEntry[]> {
  const found = written.kind === "link" ? await locate(content.view, "", written.path) : written
  if (found === undefined) throw new Failure("cannot", `${written.path} is a link to nothing in the folder`)
  const inside = found.kind === "directory" ? await walk(content.view, found.path, everything) : [found]
  const entries = await hashFiles(content.view, inside)
  return entries.map((entry) => {
    if (entry.sha256 !== undefined) addSource(content, entry.sha256, entry.path)
    const name = found.kind === "directory" ? posix.relative(found.path, entry.path) : posix.basename(written.path)
    return withPath(entry, found.kind === "directory" || several ? posix.join(to, name) : to)
  })
}

function withPath(entry: FileEntry, path: string): FileEntry {
  return { ...entry, path }
}
