import { join } from "node:path"
import { isFailure } from "../../../failure.ts"
import { Descriptor } from "../../descriptor.ts"
import { isDigest, type Digest } from "../../digest.ts"
import { parseJson } from "../../manifest.ts"
import { digestOfFile } from "./blobs.ts"
import { isMissing, moveInto, readIfThere, type LayoutContext } from "./context.ts"
import { listRepositories } from "./index-file.ts"
import { digestText } from "./paths.ts"
import { referencesOf } from "./references.ts"
import { listTags, readTag } from "./tags.ts"

/** One thing that is wrong with a layout. */
type LayoutProblem = {
  /** `damaged` bytes were moved aside; `missing` is named but not there; `malformed` cannot be understood. */
  readonly kind: "damaged" | "missing" | "malformed"
  readonly digest: Digest | undefined
  readonly repository: string | undefined
  /** One sentence. */
  readonly message: string
}

export type Verified = {
  /** How many were looked at. */
  readonly blobs: number
  readonly manifests: number
  readonly bytes: number
  readonly problems: readonly LayoutProblem[]
}

/**
 * Reads every blob and follows every reference. Bytes that do not have their digest are moved to `broken/`, so that
 * the next build or copy brings them again.
 */
export async function verifyLayout(
  context: LayoutContext,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<Verified> {
  const problems: LayoutProblem[] = []
  const blobs = await verifyBlobs(context, problems, signal)
  let manifests = 0
  for (const repository of await listRepositories(context)) {
    signal?.throwIfAborted()
    for (const { name } of (await context.host.files.list(context.paths.manifests(repository))) ?? []) {
      const digest = digestText(name)
      if (!isDigest(digest)) continue
      manifests++
      await verifyManifest(context, { repository, digest, problems })
    }
    for (const tag of await listTags(context, repository)) {
      const digest = await readTag(context, repository, tag)
      const isThere = digest !== undefined && (await isPresent(context, context.paths.manifest(repository, digest)))
      if (!isThere)
        problems.push({
          kind: "missing",
          digest,
          repository,
          message: `${repository}:${tag} points at ${digest ?? "no digest"}, which is not there`,
        })
    }
  }
  return { ...blobs, manifests, problems }
}

async function verifyBlobs(
  context: LayoutContext,
  problems: LayoutProblem[],
  signal: AbortSignal | undefined,
): Promise<{ readonly blobs: number; readonly bytes: number }> {
  const { host, paths } = context
  let [blobs, bytes] = [0, 0]
  for (const algorithm of ["sha256", "sha512"])
    for (const { name } of (await host.files.list(join(paths.blobs, algorithm))) ?? []) {
      signal?.throwIfAborted()
      const digest = `${algorithm}:${name}`
      const path = join(paths.blobs, algorithm, name)
      if (!isDigest(digest)) {
        problems.push({ kind: "malformed", digest: undefined, repository: undefined, message: `${path} is no blob` })
        continue
      }
      try {
        const found = await digestOfFile(context, path, digest)
        blobs++
        bytes += (await host.files.stat(path))?.size ?? 0
        if (found === digest) continue
        await moveInto(context, path, paths.broken(digest))
        const message = `${digest} has other bytes; they were moved to ${paths.broken(digest)}`
        problems.push({ kind: "damaged", digest, repository: undefined, message })
      } catch (error) {
        // A collector took it between the list and the look.
        if (!isMissing(error)) throw error
      }
    }
  return { blobs, bytes }
}

async function verifyManifest(
  context: LayoutContext,
  { repository, digest, problems }: { repository: string; digest: Digest; problems: LayoutProblem[] },
): Promise<void> {
  const { host, paths } = context
  const add = (kind: LayoutProblem["kind"], message: string): void =>
    void problems.push({ kind, digest, repository, message: `The manifest ${digest} of ${repository} ${message}` })
  const text = await readIfThere(context, paths.manifest(repository, digest))
  if (text === undefined) return
  if (!(await isPresent(context, paths.blob(digest)))) return add("missing", "is not there")
  try {
    const { mediaType } = parseJson(Buffer.from(text), Descriptor, paths.manifest(repository, digest))
    const { blobs, manifests } = referencesOf(await host.files.read(paths.blob(digest)), mediaType)
    for (const blob of blobs) {
      const found = await host.files.stat(paths.blob(blob.digest))
      if (found === undefined && !blob.optional) add("missing", `names ${blob.digest}, which is not there`)
      if (found !== undefined && found.size !== blob.size)
        add("malformed", `gives ${blob.digest} ${blob.size} bytes, but it has ${found.size}`)
    }
    for (const child of manifests)
      if (!(await isPresent(context, paths.manifest(repository, child))))
        add("missing", `names ${child}, which is not there`)
  } catch (error) {
    if (!isFailure(error)) throw error
    add("malformed", `cannot be read: ${error.message}`)
  }
}

async function isPresent({ host }: LayoutContext, path: string): Promise<boolean> {
  return (await host.files.stat(path)) !== undefined
}
