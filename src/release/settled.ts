import type { Source } from "../git/git.ts"
import type { Plan } from "../plan/plan.ts"
import type { Recorded } from "../state/releases.ts"
import type { Tree } from "../tree/tree.ts"

/**
 * Whether a publish would make no release: nothing to build or to check, from the same commit and the same files as the
 * newest release, which is whole.
 *
 * @param of `tree` has all rows, `inputs` is of all of them too
 */
export function isSettled(
  { plan, inputs }: { readonly plan: Plan; readonly inputs: string },
  previous: Recorded | undefined,
  { source, tree }: { readonly source: Source; readonly tree: Tree },
): boolean {
  if (previous === undefined || plan.waves.length > 0 || plan.check.length > 0) return false
  const { release } = previous
  const ids = release.images.filter(({ carriedFrom }) => carriedFrom === undefined).map(({ id }) => id)
  const same = ids.length === tree.images.length && release.inputs === inputs
  return same && !release.partial && release.source.commit === source.commit && release.source.dirty === source.dirty
}
