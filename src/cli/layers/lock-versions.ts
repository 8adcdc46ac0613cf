import type { Placed } from "../../config/row.ts"
import { readEnvironment } from "../../environment/read-environment.ts"
import { isFailure } from "../../failure.ts"
import { filesOf, type Commit, type Commits } from "../../git/history.ts"
import type { Host } from "../../host/host.ts"
import type { Wanted } from "../../packages/index/find-wheels.ts"
import type { Requirement } from "../../tree/step.ts"

/** A version of a lock: what a build of that commit would install. */
export type Version = Commit & { readonly wheels: readonly Wanted[] }

export type Reading = {
  readonly host: Pick<Host, "run" | "env">
  /** Of the tree. */
  readonly folder: string
  /** Of the environment, relative to the tree's. */
  readonly folders: readonly Placed<string>[]
  /** Of a lock, what this row would install, sorted. */
  readonly wanted: (requirements: readonly Requirement[]) => readonly Wanted[]
  /** Versions at most: the newest. */
  readonly last: number
  readonly signal: AbortSignal
}

/** The versions of a lock in which something changed for this row, the oldest first, and commits that cannot be read. */
export async function readVersions(
  commits: Commits["commits"],
  { host, folder, folders, wanted, last, signal }: Reading,
): Promise<{ readonly versions: readonly Version[]; readonly unread: readonly { commit: string; why: string }[] }> {
  const versions: Version[] = []
  const unread: { commit: string; why: string }[] = []
  // From the newest on: a long history is read no further back than asked for.
  for (const { commit, date, paths } of commits.toReversed()) {
    signal.throwIfAborted()
    const read = await readAt(commit, paths)
    if ("why" in read) unread.push({ commit, why: read.why })
    else {
      const wheels = wanted(read.requirements)
      const newer = versions.at(-1)
      // Of commits with the same packages the first one is the release.
      if (newer !== undefined && JSON.stringify(newer.wheels) === JSON.stringify(wheels)) versions.pop()
      else if (versions.length === last) break
      if (wheels.length > 0) versions.push({ commit, date, wheels })
    }
  }
  return { versions: versions.reverse(), unread: unread.reverse() }

  async function readAt(
    commit: string,
    paths: readonly string[],
  ): Promise<{ requirements: readonly Requirement[] } | { why: string }> {
    try {
      const { requirements, problems } = await readEnvironment(
        filesOf(folder, commit, host),
        folders.map((placed, at) => ({ ...placed, value: paths[at] ?? placed.value })),
      )
      const [problem] = problems
      return problem === undefined ? { requirements } : { why: `${problem.at.file}: ${problem.message}` }
    } catch (error) {
      if (isFailure(error)) return { why: error.message }
      throw error
    }
  }
}
