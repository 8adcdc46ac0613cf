import { settleProblems } from "../config/judge.ts"
import { problemFailure } from "../config/print.ts"
import { readConfig, type Refused } from "../config/read.ts"
import type { Config, Problem, Row } from "../config/row.ts"
import { dockerfileDoor } from "../dockerfile/door.ts"
import { openView, type SavedView, type ViewHost } from "../files/open-view.ts"
import { askOutside, type Outside } from "../lock/ask.ts"
import { emptyLock, type Lock } from "../lock/lock.ts"
import { movedBetween, type Moved } from "../lock/moved.ts"
import { lockNeeds, type Analyses } from "../lock/needs.ts"
import { readLock } from "../lock/read-lock.ts"
import { questionsFor, updateLock } from "../lock/update.ts"
import { isFailure } from "../failure.ts"
import { resolveRows, rowsUsed } from "./resolve-rows.ts"
import { resolveTree } from "./resolve.ts"
import type { RowId, Tree } from "../tree/tree.ts"

/** A configuration, the view with which it was read, and what its rows' files say. */
export type Loaded = {
  readonly config: Config
  readonly view: SavedView
  readonly analyses: Analyses
  /** Rows with all that they are made from before them. */
  readonly ordered: readonly Row[]
  /** Rows that a row's Dockerfile copies from. */
  readonly uses: ReadonlyMap<RowId, readonly RowId[]>
}

/**
 * Reads and judges the configuration of a folder (absolute), and the files that its rows name. Fails with `cannot` and
 * all problems at once. Asks no lock.
 */
export async function loadConfig(folder: string, host: ViewHost): Promise<Loaded> {
  const { config, view } = await readSound(folder, host)
  const { analyses, steps, ordered, problems } = await resolveRows(config, emptyLock, view)
  if (problems.length > 0) throw await problemFailure(settleProblems(problems), { folder, files: host.files })
  await view.save()
  return { config, view, analyses, ordered, uses: new Map([...steps].map(([id, one]) => [id, rowsUsed(one)])) }
}

async function readSound(folder: string, host: ViewHost): Promise<Pick<Loaded, "config" | "view">> {
  const view = await openView(folder, host)
  const reading = await readConfig(folder, host, dockerfileDoor(view))
  if ("config" in reading) return { config: reading.config, view }
  const problems = settleProblems([...reading.problems, ...(await problemsOfFiles(reading, view))])
  throw await problemFailure(problems, { folder, files: host.files })
}

/** What is wrong with the files of rows, where nothing has been said about the same place yet. */
async function problemsOfFiles({ problems, sound }: Refused, view: SavedView): Promise<readonly Problem[]> {
  if (sound === undefined) return []
  const placeOf = ({ at }: Problem): string => `${at.file}:${at.line}:${at.column}`
  const said = new Set(problems.map(placeOf))
  try {
    const found = await resolveRows(sound, emptyLock, view)
    return found.problems.filter((problem) => !said.has(placeOf(problem)))
  } catch (error) {
    // What may not be read is told once the file itself is right.
    if (isFailure(error)) return []
    throw error
  }
}

export type LoadOptions = {
  /** Instead of the configured registry. */
  readonly registry?: string | undefined
}

/** Everything from a folder to its tree: configuration, lock, files. Each file is read once. */
export async function loadTree(folder: string, host: ViewHost, { registry }: LoadOptions = {}): Promise<Tree> {
  const { config, view } = await readSound(folder, host)
  const placed = registry === undefined ? config : { ...config, registry }
  const tree = await resolveTree(placed, await readLock(folder, host), { view, files: host.files })
  await view.save()
  return tree
}

export type LockOptions = {
  readonly outside: Outside
  readonly upgrade: boolean
  /** The new refresh value for an upgrade, such as `2026-11-21`. */
  readonly date: string
  readonly signal: AbortSignal
}

/** The lock that a tree should have, and what moved. Asks the outside; writes nothing. */
export async function renewLock(
  loaded: Loaded,
  host: Pick<ViewHost, "files">,
  { outside, upgrade, date, signal }: LockOptions,
): Promise<{ readonly lock: Lock; readonly moved: readonly Moved[] }> {
  const { config, analyses } = loaded
  const old = await readLock(config.folder, host)
  const needs = lockNeeds(config, analyses)
  const answers = await askOutside(questionsFor(needs, old, { upgrade }), outside, signal)
  const lock = updateLock(needs, old, { answers, refresh: upgrade ? date : undefined })
  return { lock, moved: movedBetween(old, lock) }
}
