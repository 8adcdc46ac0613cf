import { cacheFolder } from "../../files/cache-folder.ts"
import { Failure } from "../../failure.ts"
import { loadConfig } from "../../resolve/load.ts"
import { commitsOf, type Commit, type Renamed } from "../../git/history.ts"
import type { Platform } from "../../oci/platform.ts"
import { sizeWheels, type SizedWheel } from "../../packages/index/size-wheels.ts"
import { count } from "../../report/format.ts"
import type { Image, RowId } from "../../tree/tree.ts"
import type { Lookup } from "./find-images.ts"
import type { LayersOptions } from "./flags.ts"
import { figuresOf, itemsOf, type BudgetFigures, type Estimate, type Release } from "./history-figures.ts"
import { readVersions } from "./lock-versions.ts"
import { targetOf } from "./target.ts"

export type LockHistory = {
  readonly row: RowId
  readonly platform: Platform
  readonly folders: readonly string[]
  /** The oldest first. */
  readonly releases: readonly Release[]
  /** Versions that could not be read, and why. */
  readonly unread: readonly { readonly commit: string; readonly why: string }[]
  /** Wheels whose size is not known, why, and what was taken instead. */
  readonly estimates: readonly Estimate[]
  /** The renames of the folders that were followed, the newest first. */
  readonly renamed: readonly Renamed[]
  /** The first commit of the lock that git knows of, where others are before it. */
  readonly begins: Commit | undefined
  /** Whether git has no earlier commits here. */
  readonly shallow: boolean
  /** The row's own number of layers. */
  readonly own: number
  /** Whether it has bytecode, which is not counted. */
  readonly bytecode: boolean
  readonly budgets: readonly BudgetFigures[]
}

type Question = { readonly row: Image; readonly options: LayersOptions }

const usualBudgets = [10, 20, 40, 48, 64]
/** Half a year of weekly releases. */
const usualReleases = 26
/** Between two lines of progress. */
const step = 100

/**
 * Reads the versions of a row's lock from git, finds the wheels and their sizes as a build would, and plans each version
 * with several budgets. Fails with `cannot` for a row without a lock of packages, or with less than two versions.
 */
export async function lockHistory(lookup: Lookup, { row, options }: Question): Promise<LockHistory> {
  const { context, platform, offline } = lookup
  const { host, io, signal, folder } = context
  const { config } = await loadConfig(folder, host)
  const make = config.rows.find(({ id }) => id === row.id)?.make
  if (make?.kind !== "environment")
    throw new Failure("cannot", `\`${row.id}\` has no locked environment of its own`, {
      hint: "Name a row with `environment`: `nbstacks tree` shows which have one",
    })
  const last = options.releases ?? usualReleases
  const folders = make.folders.map(({ value }) => value)
  const git = await commitsOf(folder, { paths: folders, file: "requirements.txt" }, host)
  if (git === undefined)
    throw new Failure("cannot", `${folder} is not in a git repository`, {
      hint: "The history of a lock is that of git: commit it with each relock",
    })
  const target = await targetOf(row, lookup)
  io.err(`Reading ${count(git.commits.length, "commit")} of ${folders.join(", ")} …\n`)
  const { versions, unread } = await readVersions(git.commits, {
    host,
    folder,
    folders: make.folders,
    wanted: target.wanted,
    last,
    signal,
  })
  const wanted = [
    ...new Map(versions.flatMap(({ wheels }) => wheels).map((one) => [JSON.stringify(one), one])).values(),
  ]
  io.err(`Sizing ${count(wanted.length, "wheel")} of ${count(versions.length, "version")} …\n`)
  const sized = await sizeWheels(wanted, host, {
    cache: cacheFolder(host),
    target: target.tags,
    signal,
    offline,
    onSized: (done) => {
      if (done % step === 0 && done < wanted.length) io.err(`Sized ${done} of ${wanted.length} wheels …\n`)
    },
  })
  const known = new Map<string, SizedWheel>(wanted.map((one, at) => [JSON.stringify(one), sized[at] as SizedWheel]))
  const { releases, estimates } = itemsOf(versions, (wheel) => known.get(JSON.stringify(wheel)))
  if (releases.length < 2)
    throw new Failure("cannot", `The lock of \`${row.id}\` has ${count(releases.length, "version")} in git`, {
      ...(unread.length === 0
        ? {}
        : { detail: unread.map(({ commit, why }) => `  ${commit.slice(0, 7)} ${why}`).join("\n") }),
      hint: git.shallow
        ? "This clone has no earlier commits: run `git fetch --unshallow`"
        : "Commit the lock with each relock: from the second one on there is something to compare",
    })
  const { layer, layers: own } = row.budget
  const bytecode = make.bytecode !== "none"
  const budgets = [...new Set([...usualBudgets, own])].sort((a, b) => a - b)
  return {
    row: row.id,
    platform,
    folders,
    releases,
    unread,
    estimates,
    renamed: git.renamed,
    begins: git.isLater && releases.length < last ? git.commits[0] : undefined,
    shallow: git.shallow && releases.length < last,
    own,
    bytecode,
    budgets: budgets.map((layers) => figuresOf(releases, { layers, layer, made: target.madeLayers, bytecode })),
  }
}
