import { Failure } from "../../../failure.ts"
import { digestOf, isDigest, partsOf, type Digest } from "../../digest.ts"
import { isTag } from "../../reference.ts"
import type { Tagged } from "../store.ts"
import { locked, putFile, readIfThere, type LayoutContext } from "./context.ts"

/** What a tag points at; undefined if there is none. */
export async function readTag(context: LayoutContext, repository: string, tag: string): Promise<Digest | undefined> {
  if (!isTag(tag)) return undefined
  const text = (await readIfThere(context, context.paths.tag(repository, tag)))?.trim()
  return text !== undefined && isDigest(text) ? text : undefined
}

/** The tags of a repository in the order of their bytes, those after `after` only. */
export async function listTags(context: LayoutContext, repository: string, after?: string): Promise<readonly string[]> {
  const names = (await context.host.files.list(context.paths.tags(repository))) ?? []
  const tags = names.map(({ name }) => name).filter(isTag)
  return (after === undefined ? tags : tags.filter((tag) => tag > after)).sort()
}

/** What a tag has to be before it is written: a digest, nothing, or anything. */
export type Expected = Digest | "absent" | undefined

/**
 * Points a tag at a digest if it is what is expected before; no other process can come between. Fails with `no`
 * when it is something else.
 */
export async function writeTag(
  context: LayoutContext,
  { repository, tag, to, expect }: { repository: string; tag: string; to: Digest; expect: Expected },
): Promise<Tagged> {
  return await locked(context, lockName(repository), async () => {
    const before = await readTag(context, repository, tag)
    requireExpected(`${repository}:${tag}`, before, expect)
    if (before !== to) await putFile(context, context.paths.tag(repository, tag), { content: `${to}\n`, flush: true })
    return { guarantee: "exact", ...(before === undefined || before === to ? {} : { replaced: before }) }
  })
}

function requireExpected(name: string, before: Digest | undefined, expect: Expected): void {
  if (expect === undefined || expect === (before ?? "absent")) return
  const is = before === undefined ? "it is not there" : `it is ${before}`
  throw new Failure("no", `${name} was expected to be ${expect}, but ${is}`, {
    hint: "Somebody else moved it; run the command again",
  })
}

/** Takes a tag away; false if it was not there. */
export async function dropTag(context: LayoutContext, repository: string, tag: string): Promise<boolean> {
  return await locked(context, lockName(repository), async () => {
    if ((await readTag(context, repository, tag)) === undefined) return false
    await context.host.files.remove(context.paths.tag(repository, tag))
    return true
  })
}

/** Takes away all tags that point at a digest. */
export async function dropTagsOf(context: LayoutContext, repository: string, digest: Digest): Promise<void> {
  await locked(context, lockName(repository), async () => {
    for (const tag of await listTags(context, repository))
      if ((await readTag(context, repository, tag)) === digest)
        await context.host.files.remove(context.paths.tag(repository, tag))
  })
}

/** A file name may have 255 bytes, and the lock's makers add to it. */
function lockName(repository: string): string {
  const plain = repository.replaceAll("/", "+")
  return `tags ${plain.length <= 200 ? plain : partsOf(digestOf(repository)).hex}`
}
