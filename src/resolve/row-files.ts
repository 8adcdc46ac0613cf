import { posix } from "node:path"
import type { RowFile } from "../config/row.ts"
import { locate } from "../dockerfile/locate.ts"
import { Failure } from "../failure.ts"
import { hashFiles } from "../files/hash-files.ts"
import { everything, walk, type Found } from "../files/walk.ts"
import { addSource, findPlaced, type Content } from "./content.ts"
import type { FileEntry, FilesStep } from "../tree/step.ts"

/** Rises when the same `files` step on the same parent gives another image. `test/goldens.json` says what each gave. */
export const filesFormat = 3

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
    const entries = new Map<string, Copied>()
    const folders: Folder[] = []
    for (const file of group)
      for (const entry of await entriesOf(content, file, folders)) entries.set(entry.entry.path, entry)
    const sorted = [...entries.values()].map(({ entry }) => entry).sort((a, b) => (a.path < b.path ? -1 : 1))
    const { uid, gid, mode } = first
    const step: FilesStep = {
      kind: "files",
      format: filesFormat,
      entries: sorted,
      uid,
      gid,
      ...(mode === undefined ? {} : { mode }),
    }
    content.places.set(step, { of: (path) => entries.get(path)?.from ?? placeBelow(folders, path) })
    steps.push(step)
  }
  return steps
}

/** An entry with the path of its file in the tree's folder. */
type Copied = { readonly entry: FileEntry; readonly from: string }

/** A folder whose content is copied to another. */
type Folder = { readonly from: string; readonly to: string }

/** Where a file that is gone was: below the folder that is copied to the nearest folder above it. */
function placeBelow(folders: readonly Folder[], path: string): string | undefined {
  const [nearest] = folders.filter(({ to }) => path.startsWith(`${to}/`)).toSorted((a, b) => b.to.length - a.to.length)
  return nearest === undefined ? undefined : posix.join(nearest.from, path.slice(nearest.to.length + 1))
}

async function entriesOf(content: Content, file: RowFile, folders: Folder[]): Promise<readonly Copied[]> {
  const found = await findPlaced(content, file.from)
  const several = found.length > 1 || file.to.endsWith("/")
  if (found.length > 1 && !file.to.endsWith("/"))
    content.problems.push({
      at: file.from.at,
      rule: "files",
      message: `\`${file.from.value}\` is ${found.length} files, but ${file.to} is one`,
      hint: `Write ${file.to}/`,
    })
  const all = await Promise.all(found.map((one) => copied(content, one, { to: file.to, several, folders })))
  return all.flat()
}

type Destination = { readonly to: string; readonly several: boolean; readonly folders: Folder[] }

async function copied(
  content: Content,
  written: Found,
  { to, several, folders }: Destination,
): Promise<readonly Copied[]> {
  const found = written.kind === "link" ? await locate(content.view, "", written.path) : written
  if (found === undefined) throw new Failure("cannot", `${written.path} is a link to nothing in the folder`)
  const inside = found.kind === "directory" ? await walk(content.view, found.path, everything) : [found]
  if (found.kind === "directory") folders.push({ from: found.path, to: posix.join(to, ".").replace(/\/$/, "") })
  const entries = await hashFiles(content.view, inside)
  return entries.map((entry) => {
    if (entry.sha256 !== undefined) addSource(content, entry.sha256, entry.path)
    const name = found.kind === "directory" ? posix.relative(found.path, entry.path) : posix.basename(written.path)
    const path = found.kind === "directory" || several ? posix.join(to, name) : to
    return { entry: { ...entry, path }, from: entry.path }
  })
}
