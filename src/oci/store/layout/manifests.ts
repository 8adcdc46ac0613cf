import { Failure } from "../../../failure.ts"
import { Descriptor } from "../../descriptor.ts"
import { digestOf, isDigest, type Digest, type DigestAlgorithm } from "../../digest.ts"
import { parseJson } from "../../manifest.ts"
import type { Manifest } from "../store.ts"
import { adoptBlob } from "./blobs.ts"
import { isMissing, putFile, readIfThere, settle, touchIfThere, type LayoutContext } from "./context.ts"
import { digestText, fileName } from "./paths.ts"
import { referencesOf, type References } from "./references.ts"
import { readTag } from "./tags.ts"

/** How a manifest comes into the layout. */
export type ManifestInput = {
  readonly bytes: Uint8Array
  readonly mediaType: string
  /** `sha256` unless given. */
  readonly algorithm?: DigestAlgorithm
  /** Whether to take a manifest that names blobs or manifests which are not here. */
  readonly sparse?: boolean
}

/**
 * Puts a manifest or index and registers it with its subject. Fails with `cannot` when it is malformed, or names
 * what is not in the repository. The bytes are kept as they are.
 */
export async function writeManifest(
  context: LayoutContext,
  repository: string,
  { bytes, mediaType, algorithm = "sha256", sparse = false }: ManifestInput,
): Promise<{ readonly descriptor: Descriptor; readonly subject: Digest | undefined }> {
  const digest = digestOf(bytes, algorithm)
  const references = referencesOf(bytes, mediaType)
  if (!sparse) await requireReferences(context, repository, { digest, references })
  const descriptor: Descriptor = { mediaType, digest, size: bytes.length }
  const { files } = context.host
  const path = context.paths.blob(digest)
  const isThere = (await files.stat(path))?.size === bytes.length && (await touchIfThere(context, path))
  await settle(context, filesOf(context, repository, references))
  if (!isThere) await putFile(context, path, { content: bytes, flush: false })
  const subject = references.subject
  if (subject !== undefined) {
    const entry: Descriptor = {
      ...descriptor,
      artifactType: references.artifactType,
      annotations: references.annotations,
    }
    const listed = `${context.paths.referrersOf(repository, subject)}/${fileName(digest)}`
    await putFile(context, listed, { content: JSON.stringify(entry), flush: true })
  }
  await putFile(context, context.paths.manifest(repository, digest), {
    content: JSON.stringify(descriptor),
    flush: false,
  })
  // No tag will name what has a subject, and settle it then.
  if (subject !== undefined) await settleManifest(context, repository, digest)
  return { descriptor, subject }
}

/** The files that what a manifest names is in. */
function filesOf({ paths }: LayoutContext, repository: string, { blobs, manifests }: References): readonly string[] {
  return [
    ...blobs.map(({ digest }) => paths.blob(digest)),
    ...manifests.flatMap((digest) => [paths.blob(digest), paths.manifest(repository, digest)]),
  ]
}

/** Comes back when a manifest is on the disk. What it names was before it was written. */
export async function settleManifest(context: LayoutContext, repository: string, digest: Digest): Promise<void> {
  await settle(context, [context.paths.blob(digest), context.paths.manifest(repository, digest)])
}

async function requireReferences(
  context: LayoutContext,
  repository: string,
  { digest, references }: { readonly digest: Digest; readonly references: References },
): Promise<void> {
  for (const blob of references.blobs)
    if (!blob.optional && !(await adoptBlob(context, repository, blob))) throw unknown(repository, digest, blob.digest)
  for (const child of references.manifests)
    if ((await headManifest(context, repository, child)) === undefined) throw unknown(repository, digest, child)
}

function unknown(repository: string, manifest: Digest, missing: Digest): Failure {
  return new Failure("cannot", `The manifest ${manifest} names ${missing}, which is not in ${repository}`)
}

/** The descriptor of a manifest by tag or digest; undefined if there is none. Then `gc` spares it for a while. */
export async function headManifest(
  context: LayoutContext,
  repository: string,
  reference: string,
): Promise<Descriptor | undefined> {
  const digest = isDigest(reference) ? reference : await readTag(context, repository, reference)
  if (digest === undefined) return undefined
  const path = context.paths.manifest(repository, digest)
  const isThere = await Promise.all([path, context.paths.blob(digest)].map((one) => touchIfThere(context, one)))
  const text = isThere.includes(false) ? undefined : await readIfThere(context, path)
  // A power cut may leave an empty file of what no tag names yet.
  if (text === undefined || text === "") return undefined
  return parseJson(Buffer.from(text), Descriptor, path)
}

/** A manifest by tag or digest, verified; undefined if there is none. */
export async function readManifest(
  context: LayoutContext,
  repository: string,
  reference: string,
): Promise<Manifest | undefined> {
  const descriptor = await headManifest(context, repository, reference)
  if (descriptor === undefined) return undefined
  const { digest } = descriptor
  try {
    const bytes = await context.host.files.read(context.paths.blob(digest))
    const found = digestOf(bytes, digest.startsWith("sha512") ? "sha512" : "sha256")
    if (found === digest) return { descriptor, bytes }
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
  throw new Failure("cannot", `The manifest ${digest} in ${context.paths.folder} is damaged`, {
    hint: "Run `nbstacks store verify`",
  })
}

/** The manifests of a repository whose subject is this digest, sorted by digest. */
export async function listReferrers(
  context: LayoutContext,
  repository: string,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const folder = context.paths.referrersOf(repository, subject)
  const names = (await context.host.files.list(folder)) ?? []
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const digest = digestText(name)
      if (!isDigest(digest) || (await headManifest(context, repository, digest)) === undefined) return []
      const text = await readIfThere(context, `${folder}/${name}`)
      return text === undefined || text === "" ? [] : [parseJson(Buffer.from(text), Descriptor, `${folder}/${name}`)]
    }),
  )
  return found.flat()
}

/** Takes a manifest out of a repository, and out of the list of its subject; false if it was not in there. */
export async function dropManifest(context: LayoutContext, repository: string, digest: Digest): Promise<boolean> {
  const { files } = context.host
  const path = context.paths.manifest(repository, digest)
  if ((await files.stat(path)) === undefined) return false
  await files.remove(path)
  const subjects = (await files.list(context.paths.referrers(repository))) ?? []
  await Promise.all(
    subjects.map(({ name }) => files.remove(`${context.paths.referrers(repository)}/${name}/${fileName(digest)}`)),
  )
  return true
}
