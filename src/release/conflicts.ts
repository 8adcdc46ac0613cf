import { Failure } from "../failure.ts"
import { parallel } from "../parallel.ts"
import type { Place } from "../state/place.ts"
import { releasesBefore, type Recorded } from "../state/releases.ts"
import type { Tree } from "../tree/tree.ts"
import { nextId, tagsOf, type TagValues } from "./tags.ts"

const atOnce = 16
const tries = 20
const sameDayAtMost = 200

/** The name and the tag values of the next release: one whose tags nobody has. */
export async function nextRelease(
  place: Place,
  tree: Tree,
  { date, git, latest }: { readonly date: string; readonly git: string; readonly latest: Recorded | undefined },
): Promise<TagValues> {
  const taken = await idsOfDay(place, date, latest)
  for (let attempt = 0; attempt < tries; attempt++) {
    const release = nextId(date, git, taken)
    const values = { release, date, git }
    const conflict = await firstConflict(place, tree, { values, latest })
    if (conflict === undefined) return values
    if (!conflict.template.includes("{release}"))
      throw new Failure("cannot", `The tag ${conflict.reference} is there already and is not overwritten`, {
        hint: `Use {release} in \`tags\`: \`${conflict.template}\` is the same for two releases`,
      })
    taken.add(release)
  }
  throw new Failure("cannot", `The tags of the next ${tries} releases are all taken in ${place.store.name}`)
}

async function idsOfDay(place: Place, date: string, latest: Recorded | undefined): Promise<Set<string>> {
  const taken = new Set<string>()
  if (latest === undefined || !latest.release.id.startsWith(date)) return taken
  taken.add(latest.release.id)
  for await (const { release } of releasesBefore(place, latest, sameDayAtMost)) {
    if (!release.id.startsWith(date)) break
    taken.add(release.id)
  }
  return taken
}

type Conflict = { readonly reference: string; readonly template: string }

/** A tag that exists, unless the latest release gave it to the same row. */
async function firstConflict(
  place: Place,
  tree: Tree,
  { values, latest }: { readonly values: TagValues; readonly latest: Recorded | undefined },
): Promise<Conflict | undefined> {
  const wanted = tree.images
    .filter(({ publish }) => publish !== "never")
    .flatMap((image) =>
      tagsOf(image, tree.tags, values).map((tag, index) => ({ image, tag, template: tree.tags[index] ?? "" })),
    )
  const found = await parallel(wanted, atOnce, async ({ image, tag, template }) => {
    const repository = place.repositoryOf(image.repository)
    const there = await place.store.headManifest(repository, tag)
    if (there === undefined) return undefined
    const ours = latest?.release.images.find(({ id }) => id === image.id)
    if (ours?.index === there.digest && !template.includes("{release}")) return undefined
    return { reference: `${place.store.name}/${repository}:${tag}`, template }
  })
  return found.find((conflict) => conflict !== undefined)
}
