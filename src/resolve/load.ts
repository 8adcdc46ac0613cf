import { problemFailure } from "../config/print.ts"
import { readConfig } from "../config/read.ts"
import type { Config } from "../config/row.ts"
import { dockerfileDoor } from "../dockerfile/door.ts"
import { openView, type SavedView, type ViewHost } from "../files/open-view.ts"
import { askOutside, type Outside } from "../lock/ask.ts"
import type { Lock } from "../lock/lock.ts"
import { movedBetween, type Moved } from "../lock/moved.ts"
import { lockNeeds } from "../lock/needs.ts"
import { readLock } from "../lock/read-lock.ts"
import { questionsFor, updateLock } from "../lock/update.ts"
import { analyseRows } from "./analyse-rows.ts"
import { resolveTree } from "./resolve.ts"
import type { Tree } from "../tree/tree.ts"

/** A configuration and the view with which it was read. */
export type Loaded = { readonly config: Config; readonly view: SavedView }

/** Reads and judges the configuration of a folder (absolute). Fails with `cannot` and all problems at once. */
export async function loadConfig(folder: string, host: ViewHost): Promise<Loaded> {
  const view = await openView(folder, host)
  const reading = await readConfig(folder, host, dockerfileDoor(view))
  if ("problems" in reading) throw await problemFailure(reading.problems, { folder, files: host.files })
  return { config: reading.config, view }
}

export type LoadOptions = {
  /** Instead of the configured registry. */
  readonly registry?: string | undefined
}

/** Everything from a folder to its tree: configuration, lock, files. Each file is read once. */
export async function loadTree(folder: string, host: ViewHost, { registry }: LoadOptions = {}): Promise<Tree> {
  const { config, view } = await loadConfig(folder, host)
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
  const { config, view } = loaded
  const old = await readLock(config.folder, host)
  const { analyses, problems } = await analyseRows(config, view)
  if (problems.length > 0) throw await problemFailure(problems, { folder: config.folder, files: host.files })
  const needs = lockNeeds(config, analyses)
  const answers = await askOutside(questionsFor(needs, old, { upgrade }), outside, signal)
  const lock = updateLock(needs, old, { answers, refresh: upgrade ? date : undefined })
  return { lock, moved: movedBetween(old, lock) }
}
