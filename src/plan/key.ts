import { canonicalJson } from "../oci/canonical-json.ts"
import { digestOf, partsOf, type Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { proxyVariables } from "../tree/proxies.ts"
import type { Step } from "../tree/step.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"

/** The Merkle hash of all that decides the bytes of an image on a platform: 64 hexadecimal digits. */
export type Key = string & { readonly __key: true }

/** What a key is the hash of (design, decision 1). */
export type KeyInput = {
  readonly version: 1
  readonly platform: Platform
  /** The key of a row of this tree, the digest of an external image, or nothing at all. */
  readonly parent: { readonly key: Key } | { readonly digest: Digest } | null
  /** Keys of other rows that files are copied from, by row. */
  readonly uses: Readonly<Record<RowId, Key>>
  readonly steps: readonly Step[]
}

/** A row on a platform, as one text: how maps are keyed. */
export type Slot = `${RowId}@${Platform}`

/** The slot of a row on a platform. */
export function slotOf(image: RowId, platform: Platform): Slot {
  return `${image}@${platform}`
}

export type Keyed = { readonly key: Key; readonly input: KeyInput }

/** The key of some input. Steps enter by their own hashes, so that rows which share a context hash it once. */
export function keyOf(input: KeyInput): Key {
  return hashOf({ ...input, steps: input.steps.map(stepHash) }) as Key
}

/** The keys of every row on every platform, parents first. */
export function keysOf(tree: Tree): ReadonlyMap<Slot, Keyed> {
  const keys = new Map<Slot, Keyed>()
  for (const image of tree.images)
    for (const platform of image.platforms) {
      const input = inputOf(image, platform, (id) => keyAt(keys, id, platform))
      keys.set(slotOf(image.id, platform), { key: keyOf(input), input })
    }
  return keys
}

/** The key of a row on a platform; a bug of ours if the tree was not resolved parents first. */
export function keyAt(keys: ReadonlyMap<Slot, Keyed>, id: RowId, platform: Platform): Key {
  const found = keys.get(slotOf(id, platform))
  if (found === undefined) throw new Error(`no key for ${id} on ${platform}`)
  return found.key
}

function inputOf(image: Image, platform: Platform, keyFor: (id: RowId) => Key): KeyInput {
  const steps = image.steps[platform]
  if (steps === undefined) throw new Error(`no steps for ${image.id} on ${platform}`)
  return {
    version: 1,
    platform,
    parent: parentOf(image, platform, keyFor),
    uses: Object.fromEntries([...image.uses].sort().map((id) => [id, keyFor(id)])),
    steps,
  }
}

function parentOf(image: Image, platform: Platform, keyFor: (id: RowId) => Key): KeyInput["parent"] {
  const parent = image.parent
  if (parent.kind === "none") return null
  if (parent.kind === "image") return { key: keyFor(parent.id) }
  const digest = parent.locked[platform]
  if (digest === undefined) throw new Error(`${parent.reference} is not locked for ${platform}`)
  return { digest }
}

const seen = new WeakMap<object, string>()

/** The hash of a step; long lists in it are hashed apart and remembered, since rows share them. */
function stepHash(step: Step): string {
  return remembered(step, () => {
    const fields = Object.entries(decisive(step)).map(([name, value]) => [
      name,
      Array.isArray(value) ? remembered(value, () => hashOf(value)) : value,
    ])
    return hashOf(Object.fromEntries(fields))
  })
}

/** What decides the bytes of a step: all of it, but for the proxies that a Dockerfile is given as arguments. */
function decisive(step: Step): Step {
  if (step.kind !== "dockerfile") return step
  const args = Object.entries(step.args).filter(([name]) => !proxyVariables.includes(name))
  return { ...step, args: Object.fromEntries(args) }
}

function remembered(value: object, compute: () => string): string {
  const known = seen.get(value)
  if (known !== undefined) return known
  const hash = compute()
  seen.set(value, hash)
  return hash
}

function hashOf(value: unknown): string {
  return partsOf(digestOf(canonicalJson(value))).hex
}
