import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import { passedChecks } from "../evidence/attach.ts"
import { parallel } from "../parallel.ts"
import { checkKeyOf, type CheckKey } from "../plan/check-key.ts"
import { keyAt, slotOf, type Key, type Keyed, type Slot } from "../plan/key.ts"
import { sameBases } from "../plan/plan-tree.ts"
import type { Built, Known } from "../plan/plan.ts"
import type { Image, Tree } from "../tree/tree.ts"
import { addGone } from "./gone.ts"
import { findBuilt, keyTag, lastTag, readBefore, type Bases, type Before } from "./key-state.ts"
import type { Place } from "./place.ts"
import { latestRelease, releasesBefore, type Recorded } from "./releases.ts"

/** What the stores know of a tree, and where they know it from. */
export type Knowledge = Known & {
  /** The first place, in the order asked, that has a digest. */
  readonly places: ReadonlyMap<Digest, Place>
  /** The newest release of all, and the newest of this branch. */
  readonly latest: Recorded | undefined
  readonly ofBranch: Recorded | undefined
  /** The images that rows which have to be built had before. */
  readonly before: ReadonlyMap<Slot, Digest>
}

export type Question = {
  readonly tree: Tree
  readonly keys: ReadonlyMap<Slot, Keyed>
  /** Asked in this order; the first is where releases are. None for `--offline`. */
  readonly places: readonly Place[]
  readonly branch: string | undefined
  /** Ask for every digest that would be reused. */
  readonly verify: boolean
  /** A release that is known to exist, from the last time. */
  readonly hint: number
}

const atOnce = 16
const branchesBack = 20

type Slotted = { readonly image: Image; readonly platform: Platform; readonly slot: Slot; readonly key: Key }

/**
 * Asks the latest release of this branch first, then for the keys that it does not answer, in parallel, parents
 * before children since a key counts only on the same parent digest.
 */
export async function gatherKnown(question: Question): Promise<Knowledge> {
  const { tree, keys, places, verify } = question
  const releases = places[0] === undefined ? [] : await recentReleases(places[0], question)
  const found = new Map<Slot, Built>()
  const placeOf = new Map<Digest, Place>()
  const released = releases.map((one) => builtOf(one))
  const passed = new Set(releases.flatMap(checksOf))
  const checked = new Set(released.flatMap((map) => [...map.values()].map(({ digest }) => digest)))
  const gone = new Set<Digest>()

  for (const level of levelsOf(tree, keys)) {
    await parallel(level, atOnce, async (one) => {
      const bases = basesOf(one, found)
      if (bases === undefined) return
      const known = released
        .map((map) => map.get(one.slot))
        .find((built) => built?.key === one.key && sameBases(built, bases))
      if (known !== undefined && places[0] !== undefined) {
        found.set(one.slot, known)
        placeOf.set(known.digest, places[0])
        return
      }
      for (const place of places) {
        const built = await findBuilt(place, one.key, bases)
        if (built === undefined) continue
        // A record of the local store alone means nothing when its image was cleaned away.
        if (place.kind === "local" && !(await isThere(place, one.image, built.digest))) {
          gone.add(built.digest)
          found.set(one.slot, built)
          continue
        }
        gone.delete(built.digest)
        found.set(one.slot, built)
        placeOf.set(built.digest, place)
        return
      }
    })
  }

  const all = slotsOf(tree, keys)
  if (verify)
    await parallel(all, atOnce, async ({ image, slot }) => {
      const built = found.get(slot)
      const place = built === undefined ? undefined : placeOf.get(built.digest)
      if (built !== undefined && place !== undefined && !(await isThere(place, image, built.digest)))
        gone.add(built.digest)
    })
  await parallel(all, atOnce, async ({ image, slot }) => {
    const built = found.get(slot)
    if (built === undefined || gone.has(built.digest) || passed.has(checkKeyOf(built.digest, image.checks))) return
    const wanted = checkKeyOf(built.digest, image.checks)
    // Where the image was found there is its evidence too, as a rule: the others are asked only if it is not.
    const first = placeOf.get(built.digest)
    for (const place of places.toSorted((a, b) => Number(b === first) - Number(a === first))) {
      for (const key of await passedAt(place, image, built.digest)) {
        passed.add(key)
        checked.add(built.digest)
      }
      if (passed.has(wanted)) return
    }
  })

  if (!verify)
    await addGone(all, {
      found,
      gone,
      isChecked: ({ digest }, image) => passed.has(checkKeyOf(digest, image.checks)),
      isThere: async ({ digest }, image) => {
        const place = placeOf.get(digest)
        return place === undefined || (await isThere(place, image, digest))
      },
    })

  const before = await previousBuilds(question, found, { releases, gone })
  const built = new Map<Key, Built[]>()
  for (const one of found.values()) built.set(one.key, [...(built.get(one.key) ?? []), one])
  return {
    built,
    passed,
    checked,
    gone,
    previous: new Map([...before].map(([slot, { input }]) => [slot, input])),
    before: new Map([...before].map(([slot, { digest }]) => [slot, digest])),
    places: placeOf,
    latest: releases.at(0)?.newest,
    ofBranch: releases.find(
      ({ recorded }) => question.branch !== undefined && recorded.release.source.branch === question.branch,
    )?.recorded,
  }
}

type Recent = { readonly recorded: Recorded; readonly newest: Recorded }

/** The newest release and, if that is another branch's, the newest of this branch among the last twenty. */
async function recentReleases(place: Place, { branch, hint }: Question): Promise<readonly Recent[]> {
  const newest = await latestRelease(place, hint)
  if (newest === undefined) return []
  if (branch === undefined || newest.release.source.branch === branch) return [{ recorded: newest, newest }]
  for await (const recorded of releasesBefore(place, newest, branchesBack))
    if (recorded.release.source.branch === branch)
      return [
        { recorded: newest, newest },
        { recorded, newest },
      ]
  return [{ recorded: newest, newest }]
}

function builtOf({ recorded }: Recent): ReadonlyMap<Slot, Built> {
  return new Map(
    recorded.release.images.flatMap((image) =>
      Object.entries(image.platforms).map(([platform, { key, digest, parent, uses }]) => [
        slotOf(image.id, platform as Platform),
        { key, digest, parent, uses, repository: image.repository },
      ]),
    ),
  )
}

function checksOf({ recorded }: Recent): readonly CheckKey[] {
  return recorded.release.images.flatMap(({ platforms }) => Object.values(platforms).map(({ check }) => check))
}

function slotsOf(tree: Tree, keys: ReadonlyMap<Slot, Keyed>): readonly Slotted[] {
  return tree.images.flatMap((image) =>
    image.platforms.map((platform) => ({
      image,
      platform,
      slot: slotOf(image.id, platform),
      key: keyAt(keys, image.id, platform),
    })),
  )
}

/** Slots by their distance from a root: what is in one level needs only earlier ones. */
function levelsOf(tree: Tree, keys: ReadonlyMap<Slot, Keyed>): readonly (readonly Slotted[])[] {
  const depth = new Map<string, number>()
  for (const image of tree.images) {
    const below = [...(image.parent.kind === "image" ? [image.parent.id] : []), ...image.uses]
    depth.set(image.id, Math.max(-1, ...below.map((id) => depth.get(id) ?? -1)) + 1)
  }
  const levels = Map.groupBy(slotsOf(tree, keys), ({ image }) => depth.get(image.id) ?? 0)
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level)
}

function basesOf({ image, platform }: Slotted, found: ReadonlyMap<Slot, Built>): Bases | undefined {
  const uses: Record<string, Digest> = {}
  for (const id of image.uses) {
    const digest = found.get(slotOf(id, platform))?.digest
    if (digest === undefined) return undefined
    uses[id] = digest
  }
  const { repository } = image
  if (image.parent.kind === "none") return { parent: null, uses, repository }
  const parent =
    image.parent.kind === "image" ? found.get(slotOf(image.parent.id, platform))?.digest : image.parent.locked[platform]
  return parent === undefined ? undefined : { parent, uses, repository }
}

async function isThere(place: Place, image: Image, digest: Digest): Promise<boolean> {
  return (await place.store.headManifest(place.repositoryOf(image.repository), digest)) !== undefined
}

async function passedAt(place: Place, image: Image, digest: Digest): Promise<ReadonlySet<CheckKey>> {
  return await passedChecks({ store: place.store, repository: place.repositoryOf(image.repository), digest })
}

/** What the rows that will be built were the last time, from the release or else from the local store. */
async function previousBuilds(
  { tree, keys, places }: Question,
  found: ReadonlyMap<Slot, Built>,
  { releases, gone }: { readonly releases: readonly Recent[]; readonly gone: ReadonlySet<Digest> },
): Promise<ReadonlyMap<Slot, Before>> {
  const released = releasedBuilds(releases)
  const changed = slotsOf(tree, keys).filter(({ slot }) => {
    const built = found.get(slot)
    return built === undefined || gone.has(built.digest)
  })
  const previous = new Map<Slot, Before>()
  await parallel(changed, atOnce, async ({ slot }) => {
    const before = released.get(slot)
    const first = places[0]
    const last =
      (before !== undefined && first !== undefined ? await readBefore(first, keyTag(before.key, before)) : undefined) ??
      (await lastHere(places, slot))
    if (last !== undefined) previous.set(slot, last)
  })
  return previous
}

function releasedBuilds(releases: readonly Recent[]): ReadonlyMap<Slot, Built> {
  // This branch's own release is the last of the list, and wins.
  return new Map(releases.flatMap((one) => [...builtOf(one)]))
}

async function lastHere(places: readonly Place[], slot: Slot): Promise<Before | undefined> {
  const local = places.find(({ kind }) => kind === "local")
  return local === undefined ? undefined : await readBefore(local, lastTag(slot))
}
