import { Failure } from "../failure.ts"
import { readImage } from "../oci/image.ts"
import { isZstd } from "../oci/manifest.ts"
import type { Platform } from "../oci/platform.ts"
import type { Plan } from "../plan/plan.ts"
import { cannotReadZstd } from "../tree/consumers.ts"
import type { Image, Parent } from "../tree/tree.ts"
import { destination, type Builder } from "./builder.ts"

type External = Extract<Parent, { readonly kind: "external" }>

/**
 * Fails with `no` before anything is built when a row of the plan is built, at the end, on an image of another registry
 * with layers of zstd, which its `consumers` cannot read. Images without `consumers` cost no request. How many gzip
 * members its layers have is not seen without reading them. What rows of this tree bring is judged with the configuration.
 */
export async function requireReadable(
  builder: Pick<Builder, "tree" | "external" | "local">,
  plan: Plan,
): Promise<void> {
  const images = new Map(builder.tree.images.map((image) => [image.id, image]))
  const asked = new Map<string, Promise<boolean>>()
  const lines: string[] = []
  const references = new Set<string>()
  for (const { image: id, platform } of plan.waves.flat()) {
    const image = images.get(id)
    const refused = (image?.consumers ?? []).flatMap((consumer) => {
      const why = cannotReadZstd(consumer)
      return why === undefined ? [] : [{ consumer, why }]
    })
    if (image === undefined || refused.length === 0) continue
    const root = rootOf(image, images)
    if (root === undefined) continue
    const key = `${root.parent.reference} ${platform}`
    const asking = asked.get(key) ?? hasZstd(builder, root, platform)
    asked.set(key, asking)
    if (!(await asking)) continue
    references.add(root.parent.reference)
    for (const { consumer, why } of refused)
      lines.push(
        `${consumer} cannot read \`${id}\` for ${platform}: ${root.parent.reference} has layers of zstd: ${why}`,
      )
  }
  if (lines.length === 0) return
  throw new Failure("no", "`consumers` cannot read what images are built on; nothing was built", {
    detail: lines.join("\n"),
    hint: `Build on another image than ${[...references].join(", ")}, or leave out of \`consumers\` who cannot read it`,
  })
}

type Root = { readonly image: Image; readonly parent: External }

/** The row at the beginning of a row's chain, where that is built on an image of another registry. */
function rootOf(image: Image, images: ReadonlyMap<string, Image>): Root | undefined {
  const { parent } = image
  if (parent.kind === "external") return { image, parent }
  const next = parent.kind === "image" ? images.get(parent.id) : undefined
  return next === undefined ? undefined : rootOf(next, images)
}

/** Where the parent is in the local store, no registry is asked. */
async function hasZstd(
  builder: Pick<Builder, "external" | "local">,
  { image, parent }: Root,
  platform: Platform,
): Promise<boolean> {
  const digest = parent.locked[platform]
  if (digest === undefined) throw new Error(`${parent.reference} is not locked for ${platform}`)
  const { store, repository } = destination(builder, image)
  const isHere = (await store.headManifest(repository, digest)) !== undefined
  const from = isHere ? { store, repository } : await builder.external(parent.reference, digest)
  const { layers } = await readImage(from.store, from.repository, digest)
  return layers.some(({ descriptor }) => isZstd(descriptor.mediaType))
}
