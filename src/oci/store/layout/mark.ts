import { join } from "node:path"
import { z } from "zod"
import { Descriptor } from "../../descriptor.ts"
import { isDigest, type Digest } from "../../digest.ts"
import { parseJson } from "../../manifest.ts"
import { isMissing, readIfThere, type LayoutContext } from "./context.ts"
import { listRepositories } from "./index-file.ts"
import { digestText } from "./paths.ts"
import { referencesOf } from "./references.ts"
import { listTags, readTag } from "./tags.ts"

/** Media types of what we keep ourselves. Digests in such documents are references like any other. */
const ours = "application/vnd.nbstacks."
/** Larger documents than this are none of ours, in bytes. */
const documentLimit = 64 * 1024 * 1024

type Known = { readonly mediaType: string; readonly referrers: Set<Digest> }

export type Marking = {
  /** Nanoseconds since 1970: what was written or asked for since then stays for its own sake. */
  readonly cutoff: bigint
  /** Tags that keep nothing. */
  readonly without?: readonly { readonly repository: string; readonly tag: string }[] | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The digests of all manifests and blobs that have to stay: reachable from tags, or from manifests that were written
 * or asked for since `cutoff`, by any chain of references, referrers and state artifacts.
 */
export async function markReachable(
  context: LayoutContext,
  { cutoff, without = [], signal }: Marking,
): Promise<ReadonlySet<Digest>> {
  const { known, roots } = await survey(context, { cutoff, without })
  const kept = new Set<Digest>()
  const queue = [...roots]
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    signal?.throwIfAborted()
    if (kept.has(digest)) continue
    kept.add(digest)
    const manifest = known.get(digest)
    if (manifest === undefined) continue
    queue.push(...manifest.referrers, ...(await namedBy(context, digest, manifest.mediaType)))
  }
  return kept
}

/** All manifests of all repositories, and those that are kept for their own sake. */
async function survey(
  context: LayoutContext,
  { cutoff, without = [] }: Omit<Marking, "signal">,
): Promise<{ readonly known: ReadonlyMap<Digest, Known>; readonly roots: readonly Digest[] }> {
  const { host, paths } = context
  const known = new Map<Digest, Known>()
  const roots: Digest[] = []
  const repositories = await listRepositories(context)
  const dropped = new Set(without.map(({ repository, tag }) => `${repository}:${tag}`))
  for (const repository of repositories) {
    for (const tag of await listTags(context, repository)) {
      if (dropped.has(`${repository}:${tag}`)) continue
      const digest = await readTag(context, repository, tag)
      if (digest !== undefined) roots.push(digest)
    }
    for (const { name } of (await host.files.list(paths.manifests(repository))) ?? []) {
      const digest = digestText(name)
      const path = join(paths.manifests(repository), name)
      const text = isDigest(digest) ? await readIfThere(context, path) : undefined
      if (text === undefined || text === "" || !isDigest(digest)) continue
      known.set(digest, { mediaType: parseJson(Buffer.from(text), Descriptor, path).mediaType, referrers: new Set() })
      if (((await host.files.stat(path))?.mtime ?? 0n) >= cutoff) roots.push(digest)
    }
  }
  for (const repository of repositories)
    for (const subject of (await host.files.list(paths.referrers(repository))) ?? [])
      for (const { name } of (await host.files.list(join(paths.referrers(repository), subject.name))) ?? []) {
        const [to, from] = [digestText(subject.name), digestText(name)]
        if (isDigest(to) && isDigest(from)) known.get(to)?.referrers.add(from)
      }
  return { known, roots }
}

async function namedBy(context: LayoutContext, digest: Digest, mediaType: string): Promise<readonly Digest[]> {
  const bytes = await readBytes(context, digest)
  if (bytes === undefined) return []
  const { blobs, manifests, artifactType } = referencesOf(bytes, mediaType)
  const named = [...manifests, ...blobs.map((blob) => blob.digest)]
  if (artifactType?.startsWith(ours) !== true) return named
  const documents = await Promise.all(layersOfOurs(bytes).map((layer) => readBytes(context, layer)))
  return [...named, ...[bytes, ...documents].flatMap((text) => (text === undefined ? [] : digestsIn(text)))]
}

const Layers = z.object({ layers: z.array(Descriptor).optional() })

function layersOfOurs(manifest: Uint8Array): readonly Digest[] {
  const { layers = [] } = parseJson(manifest, Layers, "the state artifact")
  return layers.flatMap(({ mediaType, size, digest }) =>
    mediaType.startsWith(ours) && size <= documentLimit ? [digest] : [],
  )
}

async function readBytes({ host, paths }: LayoutContext, digest: Digest): Promise<Uint8Array | undefined> {
  try {
    return await host.files.read(paths.blob(digest))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function digestsIn(bytes: Uint8Array): readonly Digest[] {
  const found =
    Buffer.from(bytes)
      .toString("latin1")
      .match(/sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}/g) ?? []
  return found.flatMap((text) => (isDigest(text) ? [text] : []))
}
