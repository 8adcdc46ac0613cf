import type { Source } from "../git/git.ts"
import type { Plan } from "../plan/plan.ts"
import type { Place } from "../state/place.ts"
import type { Recorded } from "../state/releases.ts"
import type { Tree } from "../tree/tree.ts"
import { nextRelease } from "./conflicts.ts"
import { dateOf, shortCommit, type TagValues } from "./tags.ts"

/** What a release is to be made of: `tree` has all rows. */
export type Releasing = {
  readonly tree: Tree
  readonly target: Place
  readonly source: Source
  readonly now: Date
}

/** What is known before: `inputs` is of all rows too. */
type Before = {
  readonly plan: Plan
  readonly inputs: string
  readonly previous: Recorded | undefined
  /** Whether the newest release counts: one that nobody signed who has to is followed by one of the same images. */
  readonly known: boolean
}

/** The tag values that the next release would have; undefined where a publish would make none. */
export async function nextValues(
  { tree, target, source, now }: Releasing,
  { plan, inputs, previous, known }: Before,
): Promise<TagValues | undefined> {
  if (known && isSettled({ plan, inputs, previous }, { source, tree })) return undefined
  const git = shortCommit(source.commit, inputs)
  return await nextRelease(target, tree, { date: dateOf(now), git, latest: previous })
}

/** Nothing to build or to check, from the same commit and the same files as the newest release, which is whole. */
function isSettled(
  { plan, inputs, previous }: Omit<Before, "known">,
  { source, tree }: Pick<Releasing, "source" | "tree">,
): boolean {
  if (previous === undefined || plan.waves.length > 0 || plan.check.length > 0) return false
  const { release } = previous
  const ids = release.images.filter(({ carriedFrom }) => carriedFrom === undefined).map(({ id }) => id)
  const same = ids.length === tree.images.length && release.inputs === inputs
  return same && !release.partial && release.source.commit === source.commit && release.source.dirty === source.dirty
}
