import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { Image, RowId, Tree } from "../tree/tree.ts"
import { checkKeyOf } from "./check-key.ts"
import { inputsOf } from "./inputs.ts"
import { slotOf, type Keyed, type Slot } from "./key.ts"
import type { Built, Known, Plan, PlannedBuild, PlannedCheck, Reason, Reused } from "./plan.ts"
import { reasonsFor } from "./reasons.ts"
import { basesOf } from "./select.ts"

/** Digests of what a row is built on, where they are known before anything is built. */
type Bases = Pick<Built, "parent" | "uses" | "repository">

/**
 * What to build in which order, what to reuse and what to check. Pure: the same tree and the same knowledge
 * give the same plan, byte for byte.
 *
 * @param keys of every row of the tree, from `keysOf(tree)`
 */
export function planTree(tree: Tree, keys: ReadonlyMap<Slot, Keyed>, known: Known): Plan {
  const waves: PlannedBuild[][] = []
  const waveOf = new Map<Slot, number>()
  const reuse = new Map<Slot, Reused>()
  const check: PlannedCheck[] = []
  for (const image of tree.images)
    for (const platform of image.platforms) {
      const slot = slotOf(image.id, platform)
      const { key, input } = at(keys, slot)
      const work = { image: image.id, platform, key }
      const bases = digestsBelow(image, platform, reuse)
      const found = bases === undefined ? undefined : reusable(known, key, bases)
      if (found === undefined) {
        const below = basesOf(image).map((id) => waveOf.get(slotOf(id, platform)) ?? -1)
        const wave = Math.max(-1, ...below) + 1
        waveOf.set(slot, wave)
        const rebuilt = basesOf(image).filter((id) => waveOf.has(slotOf(id, platform)))
        const previous = known.previous.get(slot)
        const reasons = reasonsFor({ now: input, before: previous, image, rebuilt, places: tree.places })
        ;(waves[wave] ??= []).push({ ...work, reasons: reasons.length > 0 ? reasons : unexplained(known, key, image) })
        check.push({ image: image.id, platform, need: "after-build" })
      } else {
        reuse.set(slot, { ...work, digest: found.digest })
        if (!known.passed.has(checkKeyOf(found.digest, image.checks)))
          check.push({
            image: image.id,
            platform,
            need: known.checked.has(found.digest) ? "checks-changed" : "not-passed",
          })
      }
    }
  return {
    version: 1,
    inputs: inputsOf(tree, keys),
    waves: waves.map((wave) => wave.toSorted(byImage)),
    reuse: [...reuse.values()].sort(byImage),
    skipped: tree.skipped.toSorted((a, b) => compare(a.image, b.image)),
    check: check.sort(byImage),
  }
}

function digestsBelow(image: Image, platform: Platform, reuse: ReadonlyMap<Slot, Reused>): Bases | undefined {
  const uses: Record<RowId, Digest> = {}
  for (const id of image.uses) {
    const used = reuse.get(slotOf(id, platform))
    if (used === undefined) return undefined
    uses[id] = used.digest
  }
  const { repository } = image
  if (image.parent.kind === "none") return { parent: null, uses, repository }
  const parent =
    image.parent.kind === "external"
      ? image.parent.locked[platform]
      : reuse.get(slotOf(image.parent.id, platform))?.digest
  return parent === undefined ? undefined : { parent, uses, repository }
}

function reusable(known: Known, key: Built["key"], bases: Bases): Built | undefined {
  return known.built.get(key)?.find((built) => sameBases(built, bases) && !known.gone.has(built.digest))
}

/** Whether a build was made on these digests. */
export function sameBases(built: Bases, wanted: Bases): boolean {
  const ids = Object.keys(wanted.uses)
  return (
    built.repository === wanted.repository &&
    built.parent === wanted.parent &&
    ids.every((id) => built.uses[id] === wanted.uses[id])
  )
}

/** A build without a change: the image is gone, or its parent has other bytes under the same key. */
function unexplained(known: Known, key: Built["key"], image: Image): readonly Reason[] {
  const built = known.built.get(key)?.filter(({ repository }) => repository === image.repository)
  if (built === undefined || built.length === 0) return [{ kind: "new" }]
  if (built.some((one) => known.gone.has(one.digest))) return [{ kind: "gone" }]
  return image.parent.kind === "image"
    ? [{ kind: "parent", id: image.parent.id, because: "digest" }]
    : [{ kind: "new" }]
}

function at(keys: ReadonlyMap<Slot, Keyed>, slot: Slot): Keyed {
  const found = keys.get(slot)
  if (found === undefined) throw new Error(`no key for ${slot}`)
  return found
}

type Placed = { readonly image: RowId; readonly platform: Platform }

function byImage(a: Placed, b: Placed): number {
  return compare(a.image, b.image) || compare(a.platform, b.platform)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
