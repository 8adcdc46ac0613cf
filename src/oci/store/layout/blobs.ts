import { Failure } from "../../../failure.ts"
import type { Descriptor } from "../../descriptor.ts"
import { hasher, partsOf, type Digest } from "../../digest.ts"
import type { Source } from "../store.ts"
import { verified } from "../verified.ts"
import { isMissing, moveInto, putMark, temporaryPath, touchIfThere, type LayoutContext } from "./context.ts"

/** True if the blob is in the repository; then `gc` spares it for a while. */
export async function hasBlob(context: LayoutContext, repository: string, digest: Digest): Promise<boolean> {
  return (await blobSize(context, repository, digest)) !== undefined
}

/** The size in bytes of a blob of the repository; undefined if it has none such. */
export async function blobSize(
  context: LayoutContext,
  repository: string,
  digest: Digest,
): Promise<number | undefined> {
  const { host, paths } = context
  const [member, path] = [paths.member(repository, digest), paths.blob(digest)]
  const [isMember, isThere] = await Promise.all([touchIfThere(context, member), touchIfThere(context, path)])
  return isMember && isThere ? (await host.files.stat(path))?.size : undefined
}

/** The bytes of a blob, or the part `[first, last]`. The whole is verified while it is read. */
export async function* readBlob(
  context: LayoutContext,
  repository: string,
  {
    digest,
    range,
    lent = false,
  }: {
    readonly digest: Digest
    readonly range?: readonly [number, number] | undefined
    /** Pieces are valid only until the next is asked for. */
    readonly lent?: boolean
  },
): AsyncIterable<Uint8Array> {
  const size = await blobSize(context, repository, digest)
  if (size === undefined) throw new Failure("cannot", `${repository} in ${context.paths.folder} has no blob ${digest}`)
  const { files } = context.host
  try {
    const path = context.paths.blob(digest)
    if (range === undefined) yield* verified(lent ? files.lend(path) : files.stream(path), { digest, size })
    else yield* files.stream(path, range)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new Failure("temporary", `${digest} was removed from ${context.paths.folder} while it was read`, {
      cause: error,
    })
  }
}

/** Puts a blob unless it is in the layout already, whichever repository it came with. */
export async function writeBlob(
  context: LayoutContext,
  repository: string,
  { descriptor, from }: { readonly descriptor: Descriptor; readonly from: Source },
): Promise<void> {
  await context.queue(`blob ${descriptor.digest}`, async () => {
    if (await adoptBlob(context, repository, descriptor)) return
    await context.host.files.write(context.paths.blob(descriptor.digest), verified(from(), descriptor), {
      temporary: temporaryPath(context),
      flush: false,
    })
    await putMark(context, repository, descriptor.digest)
  })
}

/**
 * Puts a blob by renaming a file that has its bytes, unless it is in the layout already. False, and nothing done, when
 * the file is of another size or on another file system.
 */
export async function takeFile(
  context: LayoutContext,
  repository: string,
  { descriptor, file }: { readonly descriptor: Descriptor; readonly file: () => Promise<string> },
): Promise<boolean> {
  return await context.queue(`blob ${descriptor.digest}`, async () => {
    if (await adoptBlob(context, repository, descriptor)) return true
    const temporary = await file()
    if ((await context.host.files.stat(temporary))?.size !== descriptor.size) return false
    try {
      await keepBlob(context, repository, { digest: descriptor.digest, temporary })
      return true
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EXDEV") return false
      throw error
    }
  })
}

/** Makes a blob of any repository one of this repository too; false if its bytes are not here, or not all of them. */
export async function adoptBlob(
  context: LayoutContext,
  repository: string,
  { digest, size }: { readonly digest: Digest; readonly size?: number },
): Promise<boolean> {
  const path = context.paths.blob(digest)
  const found = await context.host.files.stat(path)
  if (found === undefined || (size !== undefined && found.size !== size)) return false
  if (!(await touchIfThere(context, path))) return false
  await putMark(context, repository, digest)
  return true
}

/** Moves a file whose bytes have this digest into the layout. */
export async function keepBlob(
  context: LayoutContext,
  repository: string,
  { digest, temporary }: { readonly digest: Digest; readonly temporary: string },
): Promise<void> {
  await moveInto(context, temporary, context.paths.blob(digest))
  await putMark(context, repository, digest)
}

/** Takes a blob out of one repository; false if it was not in there. Its bytes stay until `gc`. */
export async function dropBlob(context: LayoutContext, repository: string, digest: Digest): Promise<boolean> {
  const path = context.paths.member(repository, digest)
  if ((await context.host.files.stat(path)) === undefined) return false
  await context.host.files.remove(path)
  return true
}

/** The digest of a file of the layout, by the algorithm of the digest that it should have. */
export async function digestOfFile({ host }: LayoutContext, path: string, like: Digest): Promise<Digest> {
  const hash = hasher(partsOf(like).algorithm)
  for await (const chunk of host.files.stream(path)) hash.update(chunk)
  return hash.digest()
}
