import { z } from "zod"
import { isFailure } from "../failure.ts"
import { artifactManifest, jsonPart, readArtifact, readJsonPart, writeParts } from "../oci/artifact.ts"
import { canonicalJson } from "../oci/canonical-json.ts"
import { Digests } from "../oci/descriptor.ts"
import { digestOf, partsOf, type Digest } from "../oci/digest.ts"
import { mediaTypes } from "../oci/media-types.ts"
import type { Platform } from "../oci/platform.ts"
import type { Key, KeyInput, Slot } from "../plan/key.ts"
import type { Built } from "../plan/plan.ts"
import { artifactTypes } from "../tree/labels.ts"
import type { RowId } from "../tree/tree.ts"
import type { Place } from "./place.ts"

/**
 * What a build was made on and where it is: a key counts as built only on the same digests. Rows with the same key
 * in two repositories have a record each.
 */
export type Bases = {
  readonly parent: Digest | null
  readonly uses: Readonly<Record<RowId, Digest>>
  /** As the tree names it, without a store's namespace. */
  readonly repository: string
}

export type BuiltRecord = Built & { readonly image: RowId; readonly platform: Platform; readonly input: KeyInput }

const note = {
  key: "io.nbstacks.key",
  digest: "io.nbstacks.digest",
  row: "io.nbstacks.row",
  platform: "io.nbstacks.platform",
} as const

/** The tag of a build: `key-` and the hash of the key, of what it was built on, and of its repository. */
export function keyTag(key: Key, bases: Bases): string {
  return `key-${partsOf(digestOf(canonicalJson({ key, parent: bases.parent, uses: bases.uses, repository: bases.repository }))).hex}`
}

/** The finished build of a key on these digests, or `undefined`. One request. */
export async function findBuilt(place: Place, key: Key, bases: Bases): Promise<Built | undefined> {
  const artifact = await readArtifact(place.store, place.state, {
    reference: keyTag(key, bases),
    type: artifactTypes.key,
  })
  const digest = Digests.safeParse(artifact?.annotations?.[note.digest])
  const { parent, uses, repository } = bases
  return digest.success ? { key, digest: digest.data, parent, uses, repository } : undefined
}

/**
 * Records a build. Where another build of the same key on the same digests was first, that one stays and its
 * digest is returned: the later takes the recorded one (design, decision 2).
 */
export async function recordBuilt(
  place: Place,
  built: BuiltRecord,
  { replace = false }: { /** The recorded image is gone from the store. */ readonly replace?: boolean } = {},
): Promise<Digest> {
  return await (
    await prepareRecord(place, built, { replace })
  )()
}

/**
 * As `recordBuilt`, in two steps: what the record refers to is written while the image is on its way, the record when it is there. Nothing
 * leads to the first alone.
 */
export async function prepareRecord(
  place: Place,
  built: BuiltRecord,
  { replace = false }: { readonly replace?: boolean } = {},
): Promise<() => Promise<Digest>> {
  const { store, state } = place
  const artifact = {
    type: artifactTypes.key,
    parts: [jsonPart(artifactTypes.recipe, built.input, "recipe.json")],
    annotations: {
      [note.key]: built.key,
      [note.digest]: built.digest,
      [note.row]: built.image,
      [note.platform]: built.platform,
    },
  }
  const find = async (): Promise<Digest | undefined> => (await findBuilt(place, built.key, built))?.digest
  const earlier = replace ? undefined : await find()
  if (earlier !== undefined) return () => Promise.resolve(earlier)
  await writeParts(store, state, artifact)
  return async () => {
    const digest = await store.writeManifest(state, artifactManifest(artifact), mediaTypes.ociManifest)
    const tag = keyTag(built.key, built)
    try {
      await store.tag(state, tag, digest, replace ? undefined : "absent")
      return built.digest
    } catch (error) {
      if (replace || !isFailure(error) || error.code !== "no") throw error
    }
    // Another was faster meanwhile, or the tag is at something that is no record.
    const other = await find()
    if (other === undefined) await store.tag(state, tag, digest)
    return other ?? built.digest
  }
}

/** What an image was made from, and the image. */
export type Before = { readonly input: KeyInput; readonly digest: Digest }

/** A recorded build, or `undefined`. Two requests. */
export async function readBefore(place: Place, tag: string): Promise<Before | undefined> {
  const artifact = await readArtifact(place.store, place.state, { reference: tag, type: artifactTypes.key })
  const recipe = artifact?.layers.find(({ mediaType }) => mediaType === artifactTypes.recipe)
  const digest = Digests.safeParse(artifact?.annotations?.[note.digest])
  if (recipe === undefined || !digest.success) return undefined
  // Only compared for reasons, never executed: the shape of a step is checked no further.
  const input = await readJsonPart(place.store, place.state, {
    descriptor: recipe,
    schema: z.custom<KeyInput>((value) => Recipe.safeParse(value).success),
  })
  return { input, digest: digest.data }
}

const Recipe = z.object({ version: z.literal(1), steps: z.array(z.object({ kind: z.string() })) })

/** The tag that the local store keeps for the last build of a slot, so that reasons can be told without a release. */
export function lastTag(slot: Slot): string {
  return `last-${partsOf(digestOf(slot)).hex.slice(0, 32)}`
}
