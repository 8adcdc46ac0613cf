import { Failure } from "../failure.ts"
import type { Digest } from "./digest.ts"
import { readImage, requireLayerCount, type Image, type Layer } from "./image.ts"
import type { History } from "./manifest.ts"
import type { Location, Store } from "./store/store.ts"
import { writeImage } from "./write-image.ts"

/**
 * Puts what an engine made onto its parent's own layers (design, decision 9): engines compress layers again and
 * write other manifests, so for the diffIDs that both share the parent's descriptors are taken, then come the
 * result's new layers, in an OCI manifest whose bytes depend on nothing else. Without a parent it is only rewritten.
 *
 * Fails with `no` when the result does not begin with the parent's layers, or has too many.
 */
export async function graft(
  parent: Location | undefined,
  result: Location,
  into: { readonly store: Store; readonly repository: string; readonly signal?: AbortSignal },
): Promise<Digest> {
  const [below, made] = await Promise.all([
    parent === undefined ? undefined : readImage(parent.store, parent.repository, parent.digest),
    readImage(result.store, result.repository, result.digest),
  ])
  const image = below === undefined ? made : join(below, made)
  const grafted = { ...image, layers: image.layers.map(withCalmHistory), annotations: {} }
  requireLayerCount(grafted, into.repository)
  return (await writeImage(grafted, into)).digest
}

function join(parent: Image, made: Image): Image {
  const [expected, is] = [parent.platform, made.platform]
  if (expected !== is)
    throw new Failure("no", `The result is for ${is}, but its parent is for ${expected}`, {
      hint: "The engine built for another platform than it was asked for",
    })
  const height = parent.layers.length
  const differs = parent.layers.findIndex((layer, at) => layer.diffId !== made.layers[at]?.diffId)
  if (differs !== -1)
    throw new Failure("no", "The result is not built on its parent", {
      detail: `layer ${differs + 1} of ${height}: the parent has ${parent.layers[differs]?.diffId}, the result ${made.layers[differs]?.diffId ?? "none"}`,
      hint: "The last stage of a Dockerfile, or the stage it is made from, has to start `FROM` the parent",
    })
  return { ...made, layers: [...parent.layers, ...made.layers.slice(height)] }
}

/** An engine's words without what changes from run to run. */
function withCalmHistory(layer: Layer): Layer {
  const { created_by: by, author, comment }: History = layer.history
  return {
    ...layer,
    history: {
      ...(by === undefined ? {} : { created_by: calm(by) }),
      ...(author === undefined ? {} : { author }),
      ...(comment === undefined ? {} : { comment }),
    },
  }
}

/** A registry on loopback has another port on another machine. */
function calm(text: string): string {
  return text.replace(/\b(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]{1,5}\b/g, "localhost")
}
