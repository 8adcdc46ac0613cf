import { z } from "zod"
import { Failure } from "../../../failure.ts"
import { Descriptor } from "../../descriptor.ts"
import { parallel } from "../../../parallel.ts"
import { digestOf, isDigest, type Digest } from "../../digest.ts"
import { parseJson } from "../../manifest.ts"
import { mediaTypes } from "../../media-types.ts"
import { getManifest, headManifest, sendManifest } from "./manifests.ts"
import { pause } from "./pause.ts"
import { named, repositoryAt } from "./places.ts"
import type { Transport } from "./transport.ts"

const Attached = z.object({
  mediaType: z.string(),
  artifactType: z.string().optional(),
  config: z.object({ mediaType: z.string() }).optional(),
  subject: Descriptor,
  annotations: z.record(z.string(), z.string()).optional(),
})

/**
 * The descriptor under which a manifest is listed: its artifact type (an image's is the media type of its
 * configuration) and its annotations are lifted. Fails with `cannot` when it has not this subject.
 */
export function attachedTo({ subject, bytes }: { readonly subject: Digest; readonly bytes: Uint8Array }): Descriptor {
  const digest = digestOf(bytes)
  const parsed = parseJson(bytes, Attached, `the manifest ${digest}`)
  if (parsed.subject.digest !== subject) {
    throw new Failure("cannot", `The manifest ${digest} refers to ${parsed.subject.digest}, not to ${subject}`)
  }
  const artifactType = parsed.artifactType ?? parsed.config?.mediaType
  return {
    mediaType: parsed.mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(parsed.annotations === undefined ? {} : { annotations: parsed.annotations }),
  }
}

/** The list as others wrote it: what we do not know stays in it. */
const List = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) })

const tries = 8

/**
 * Adds descriptors to the index under a fallback tag: read, written under the condition that nobody else wrote, read
 * again, and all of it repeated while one of them is not there. Fails with `temporary` when others always win.
 */
export async function updateFallback(
  transport: Transport,
  {
    repository,
    tag,
    attached,
  }: { readonly repository: string; readonly tag: string; readonly attached: readonly Descriptor[] },
): Promise<void> {
  const { endpoint } = transport.context
  const name = named(endpoint, repositoryAt(endpoint, repository), tag)
  let gone: ReadonlySet<string> | undefined
  for (let tried = 0; tried < tries; tried += 1) {
    const { list, etag, there } = await readList(transport, { repository, tag, name })
    const missing = missingIn(list, attached)
    if (missing.length === 0) return
    const kept = list.manifests.filter(({ digest }) => gone?.has(digest) !== true)
    const bytes = new TextEncoder().encode(JSON.stringify({ ...list, manifests: [...kept, ...missing] }))
    const { call, answer } = await sendManifest(transport, repository, {
      reference: tag,
      bytes,
      mediaType: mediaTypes.ociIndex,
      headers: there ? (etag === undefined ? {} : { "if-match": etag }) : { "if-none-match": "*" },
    })
    const written = answer.status >= 200 && answer.status < 300
    // A registry that cleans up may have taken away manifests that the list still names: then it refuses the list.
    const refused = !written && answer.status !== 412
    if (refused && gone === undefined && [400, 404].includes(answer.status)) {
      gone = await goneOf(transport, repository, kept)
      if (gone.size > 0) continue
    }
    if (refused) throw await transport.refused(call, answer)
    if (written) {
      const now = await readList(transport, { repository, tag, name })
      if (missingIn(now.list, attached).length === 0) return
    }
    await pause(transport.context, tried)
  }
  throw new Failure("temporary", `Cannot add to ${name}: others write it at the same time`, { hint: "Try again" })
}

/** At once. */
const width = 4

async function goneOf(
  transport: Transport,
  repository: string,
  manifests: readonly { readonly digest: string }[],
): Promise<ReadonlySet<string>> {
  const found = await parallel(manifests, width, async ({ digest }) =>
    isDigest(digest) && (await headManifest(transport, repository, digest)) === undefined ? [digest] : [],
  )
  return new Set(found.flat())
}

function missingIn(list: z.infer<typeof List>, attached: readonly Descriptor[]): readonly Descriptor[] {
  const there = new Set(list.manifests.map(({ digest }) => digest))
  return attached.filter(({ digest }) => !there.has(digest))
}

async function readList(
  transport: Transport,
  { repository, tag, name }: { readonly repository: string; readonly tag: string; readonly name: string },
): Promise<{ readonly list: z.infer<typeof List>; readonly etag: string | undefined; readonly there: boolean }> {
  const found = await getManifest(transport, repository, tag)
  if (found === undefined) {
    const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }
    return { list, etag: undefined, there: false }
  }
  if (found.manifest.descriptor.mediaType !== mediaTypes.ociIndex) {
    throw new Failure("cannot", `${name} is no list of referrers, but ${found.manifest.descriptor.mediaType}`, {
      hint: "Delete that tag: the distribution specification keeps its name for such lists",
    })
  }
  return { list: parseJson(found.manifest.bytes, List, name), etag: found.etag, there: true }
}
