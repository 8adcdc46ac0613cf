import { z } from "zod"
import { Descriptor } from "../../descriptor.ts"
import type { Digest } from "../../digest.ts"
import { mediaTypes } from "../../media-types.ts"
import { locked, putFile, readIfThere, type LayoutContext } from "./context.ts"
import { headManifest } from "./manifests.ts"
import { repositoryName } from "./paths.ts"
import { listTags, readTag } from "./tags.ts"

/** Where other tools look for a name. https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const nameAnnotation = "org.opencontainers.image.ref.name"

const IndexFile = z.object({ manifests: z.array(Descriptor) })

/** A tag that has changed, as `repository` and `tag`. */
export type Moved = { readonly repository: string; readonly tag: string }

/**
 * Brings `index.json` up to date for some tags. Tags are read again while the lock is held, so that it does not
 * matter in which order two processes come here.
 */
export async function updateIndexFile(context: LayoutContext, moved: readonly Moved[]): Promise<void> {
  await locked(context, "index", async () => {
    const entries = await readEntries(context)
    if (entries === undefined) return await rewrite(context)
    context.index.seen = undefined
    for (const { repository, tag } of moved) {
      const entry = await entryOf(context, repository, tag)
      const name = `${repository}:${tag}`
      if (entry === undefined) entries.delete(name)
      else entries.set(name, entry)
    }
    await writeEntries(context, entries)
  })
}

/** Writes `index.json` anew from all tags. */
export async function rebuildIndexFile(context: LayoutContext): Promise<void> {
  await locked(context, "index", () => rewrite(context))
}

/** The repositories of a layout, sorted by name. */
export async function listRepositories({ host, paths }: LayoutContext): Promise<readonly string[]> {
  const folders = (await host.files.list(paths.repositories)) ?? []
  return folders
    .filter(({ kind }) => kind === "directory")
    .map(({ name }) => repositoryName(name))
    .sort()
}

async function rewrite(context: LayoutContext): Promise<void> {
  const entries = new Map<string, Descriptor>()
  for (const repository of await listRepositories(context))
    for (const tag of await listTags(context, repository)) {
      const entry = await entryOf(context, repository, tag)
      if (entry !== undefined) entries.set(`${repository}:${tag}`, entry)
    }
  await writeEntries(context, entries)
}

async function entryOf(context: LayoutContext, repository: string, tag: string): Promise<Descriptor | undefined> {
  const digest: Digest | undefined = await readTag(context, repository, tag)
  const found = digest === undefined ? undefined : await headManifest(context, repository, digest)
  return found && { ...found, annotations: { [nameAnnotation]: `${repository}:${tag}` } }
}

/** What tells that a file is still the one that was seen. */
async function identityOf({ host, paths }: LayoutContext): Promise<string | undefined> {
  const found = await host.files.stat(paths.index)
  return found && `${found.inode} ${found.size} ${found.mtime} ${found.ctime}`
}

/** Entries by name; undefined when the file is missing or not what we wrote. Read only if others wrote it meanwhile. */
async function readEntries(context: LayoutContext): Promise<Map<string, Descriptor> | undefined> {
  const { seen } = context.index
  if (seen !== undefined && seen.identity === (await identityOf(context))) return seen.entries
  const text = await readIfThere(context, context.paths.index)
  try {
    const { manifests } = IndexFile.parse(JSON.parse(text ?? ""))
    return new Map(manifests.map((entry) => [entry.annotations?.[nameAnnotation] ?? "", entry]))
  } catch {
    return undefined
  }
}

async function writeEntries(context: LayoutContext, entries: Map<string, Descriptor>): Promise<void> {
  const manifests = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
  // It can be made anew from the tags, so nobody waits for the disk.
  await putFile(context, context.paths.index, { content: JSON.stringify(index), flush: false })
  const identity = await identityOf(context)
  if (identity !== undefined) context.index.seen = { identity, entries }
}
