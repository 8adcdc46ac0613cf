import { Failure } from "../../../failure.ts"
import type { Descriptor } from "../../descriptor.ts"
import type { Digest } from "../../digest.ts"
import { mediaTypes } from "../../media-types.ts"
import { isRepository, isTag } from "../../reference.ts"
import type { Store } from "../store.ts"
import { adoptBlob, blobSize, dropBlob, hasBlob, keepBlob, readBlob, takeFile, writeBlob } from "./blobs.ts"
import { putFile, readIfThere, temporaryPath, type LayoutContext, type LayoutHost } from "./context.ts"
import { collect, type Collected, type CollectOptions } from "./gc.ts"
import { listRepositories, rebuildIndexFile, updateIndexFile, type Moved } from "./index-file.ts"
import { takeLease } from "./lease.ts"
import {
  dropManifest,
  headManifest,
  listReferrers,
  readManifest,
  settleManifest,
  writeManifest,
  type ManifestInput,
} from "./manifests.ts"
import { layoutPaths } from "./paths.ts"
import { makeBatch, makeQueue } from "./queue.ts"
import { dropTag, dropTagsOf, listTags, readTag, writeTag } from "./tags.ts"
import { verifyLayout, type Verified } from "./verify.ts"

/** The local store: a `Store`, and what its upkeep and its server need. */
export type Layout = Store & {
  readonly folder: string
  readonly repositories: () => Promise<readonly string[]>
  /** Puts a manifest and says which subject it has. `sparse` takes one that names what is not here. */
  readonly putManifest: (
    repository: string,
    input: ManifestInput,
  ) => Promise<{ readonly descriptor: Descriptor; readonly subject: Digest | undefined }>
  /** False if it was not there. Tags that pointed at the manifest are gone as well. */
  readonly deleteManifest: (repository: string, digest: Digest) => Promise<boolean>
  readonly deleteTag: (repository: string, tag: string) => Promise<boolean>
  /** When a tag was written, in milliseconds since 1970; undefined if there is none. */
  readonly tagTime: (repository: string, tag: string) => Promise<number | undefined>
  /** Takes a blob out of one repository; its bytes stay until `gc`. */
  readonly deleteBlob: (repository: string, digest: Digest) => Promise<boolean>
  /** In bytes; undefined if the repository has no such blob. */
  readonly blobSize: (repository: string, digest: Digest) => Promise<number | undefined>
  /** Bytes of a blob that is there, not verified: for a server whose clients verify. */
  readonly stream: (digest: Digest, range?: readonly [number, number]) => AsyncIterable<Uint8Array>
  /** Makes a blob of another repository one of this one too; of any repository, without `from`. False if it is not there. */
  readonly mount: (repository: string, digest: Digest, from?: string) => Promise<boolean>
  /** A path in the layout's folder for an unfinished file. */
  readonly temporary: () => string
  /** Takes in a finished file whose bytes are known to have this digest. */
  readonly keep: (repository: string, digest: Digest, temporary: string) => Promise<void>
  /** While it is held, `gc` of any process spares everything that is used from now on. */
  readonly lease: () => Promise<AsyncDisposable>
  readonly gc: (options: CollectOptions) => Promise<Collected>
  readonly verify: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<Verified>
}

/**
 * Opens a layout folder, which is made when something is first written. Several processes may use it at once, and
 * each may be killed at any time.
 */
export function openLayout(folder: string, host: LayoutHost): Layout {
  const context: LayoutContext = {
    host,
    paths: layoutPaths(folder),
    queue: makeQueue(),
    settled: new Map(),
    index: { seen: undefined },
  }
  const initialised = once(() => initialise(context))
  const known = (repository: string): string => {
    if (!isRepository(repository)) throw new Failure("cannot", `${JSON.stringify(repository)} is no repository name`)
    return repository
  }
  const pending = new Map<string, Moved>()
  const flush = makeBatch(async () => {
    const moved = [...pending.values()]
    pending.clear()
    try {
      await updateIndexFile(context, moved)
    } catch (error) {
      for (const one of moved) pending.set(`${one.repository}:${one.tag}`, one)
      throw error
    }
  })
  const project = async (...moved: readonly Moved[]): Promise<void> => {
    for (const one of moved) pending.set(`${one.repository}:${one.tag}`, one)
    await flush()
  }
  const putManifest: Layout["putManifest"] = async (repository, input) => {
    await initialised()
    return await writeManifest(context, known(repository), input)
  }
  const mount: Layout["mount"] = async (repository, digest, from) => {
    if (from !== undefined && (!isRepository(from) || !(await hasBlob(context, from, digest)))) return false
    await initialised()
    return await adoptBlob(context, known(repository), { digest })
  }
  return {
    name: folder,
    folder,
    repositories: () => listRepositories(context),
    has: (repository, digest) => hasBlob(context, known(repository), digest),
    blobSize: (repository, digest) => blobSize(context, known(repository), digest),
    read: (repository, digest, range) => readBlob(context, known(repository), { digest, range }),
    lend: (repository, digest) => readBlob(context, known(repository), { digest, lent: true }),
    stream: (digest, range) => host.files.stream(context.paths.blob(digest), range),
    async writeBlob(repository, descriptor, from) {
      await initialised()
      // Every blob of the folder can be had by its digest: there is no need to ask `mountFrom` first.
      await writeBlob(context, known(repository), { descriptor, from })
    },
    async takeFile(repository, descriptor, file) {
      await initialised()
      return await takeFile(context, known(repository), { descriptor, file })
    },
    mount,
    temporary: () => temporaryPath(context),
    async keep(repository, digest, temporary) {
      await initialised()
      await keepBlob(context, known(repository), { digest, temporary })
    },
    readManifest: (repository, reference) => readManifest(context, known(repository), reference),
    headManifest: (repository, reference) => headManifest(context, known(repository), reference),
    async writeManifest(repository, bytes, mediaType) {
      return (await putManifest(repository, { bytes, mediaType })).descriptor.digest
    },
    putManifest,
    async tag(repository, tag, to, expect) {
      if (!isTag(tag)) throw new Failure("cannot", `${JSON.stringify(tag)} is no legal tag`)
      if ((await headManifest(context, known(repository), to)) === undefined)
        throw new Failure("cannot", `Cannot tag ${repository}:${tag}: ${to} is not in ${folder}`)
      await settleManifest(context, repository, to)
      const tagged = await writeTag(context, { repository, tag, to, expect })
      await project({ repository, tag })
      return tagged
    },
    async *tags(repository, after) {
      yield* await listTags(context, known(repository), after)
    },
    referrers: (repository, subject) => listReferrers(context, known(repository), subject),
    async attach(repository, subject, manifests) {
      const mediaType = mediaTypes.ociManifest
      return await Promise.all(
        manifests.map(async (bytes) => {
          const put = await putManifest(repository, { bytes, mediaType })
          if (put.subject === subject) return put.descriptor
          throw new Failure("cannot", `The manifest to attach to ${subject} names another subject`)
        }),
      )
    },
    async deleteManifest(repository, digest) {
      const tags = await listTags(context, known(repository))
      const gone = await dropManifest(context, repository, digest)
      await dropTagsOf(context, repository, digest)
      const moved: Moved[] = []
      for (const tag of tags)
        if ((await readTag(context, repository, tag)) === undefined) moved.push({ repository, tag })
      if (moved.length > 0) await project(...moved)
      return gone
    },
    async tagTime(repository, tag) {
      const stat = isTag(tag) ? await host.files.stat(context.paths.tag(known(repository), tag)) : undefined
      return stat === undefined ? undefined : Number(stat.mtime / 1_000_000n)
    },
    async deleteTag(repository, tag) {
      const gone = await dropTag(context, known(repository), tag)
      if (gone) await project({ repository, tag })
      return gone
    },
    deleteBlob: (repository, digest) => dropBlob(context, known(repository), digest),
    lease: () => takeLease(context),
    gc: async (options) => {
      const collected = await collect(context, options)
      if (options.dryRun !== true) await rebuildIndexFile(context)
      return collected
    },
    verify: async (options = {}) => {
      const verified = await verifyLayout(context, options)
      await rebuildIndexFile(context)
      return verified
    },
  }
}

async function initialise(context: LayoutContext): Promise<void> {
  const { host, paths } = context
  const version = await readIfThere(context, paths.marker)
  if (version !== undefined && !/"imageLayoutVersion"\s*:\s*"1\./.test(version))
    throw new Failure("cannot", `${paths.folder} is no OCI image layout that we know`)
  await host.files.makeDirectory(paths.temporary)
  if (version !== undefined) return
  await putFile(context, paths.marker, { content: JSON.stringify({ imageLayoutVersion: "1.0.0" }), flush: true })
  await updateIndexFile(context, [])
}

/** Runs a task once; again if it failed. */
function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () =>
    (done ??= task().catch((error: unknown) => {
      done = undefined
      throw error
    }))
}
