import { Failure } from "../../failure.ts"
import { readSource, type Source } from "../../git/git.ts"
import { selectPlatform, selectRows } from "../../plan/select.ts"
import type { Tree } from "../../tree/tree.ts"
import type { Context } from "../context.ts"
import { loadTree } from "../load-tree.ts"
import { openSession, type Session } from "../session.ts"
import { dryRun } from "./dry-run.ts"
import type { PublishOptions } from "./flags.ts"
import { checkOnly } from "./check-only.ts"
import { makeRelease } from "./make-release.ts"

/** What every way of publishing starts from. */
export type PublishJob = {
  /** All rows. */
  readonly whole: Tree
  /** Its tree has the rows that were asked for. */
  readonly session: Session
  readonly source: Source
  readonly options: PublishOptions
  readonly severalPlatforms: boolean
}

/** Builds, checks, records the release, tags; or, for pull requests, builds and checks; or says what it would do. */
export async function publish(context: Context, options: PublishOptions): Promise<number> {
  const { host, folder } = context
  const whole = await loadTree(context, options)
  if (options.push && options.dryRun !== true) refuseOnePlatform(whole, options)
  const placed = selectPlatform(whole, options.platform)
  const tree = selectRows(placed, { only: options.only ?? [], except: options.except ?? [] })
  await using session = openSession(context, tree)
  const source = await readSource(folder, host, new Set([...whole.sources.values(), ...ownFiles]))
  const severalPlatforms = new Set(tree.images.flatMap(({ platforms }) => platforms)).size > 1
  const job: PublishJob = { whole: placed, session, source, options, severalPlatforms }
  if (options.dryRun === true) return await dryRun(context, job)
  if (!options.push) return await checkOnly(context, job)
  refuseDirty(source, options)
  return await makeRelease(context, job)
}

const ownFiles: readonly string[] = ["nbstacks.yaml", "nbstacks.lock"]

/** A release holds every platform of its rows: one that leaves some out would take images away from users. */
function refuseOnePlatform({ images }: Tree, { platform }: PublishOptions): void {
  const others = [...new Set(images.flatMap(({ platforms }) => platforms))].filter((one) => one !== platform)
  if (platform === undefined || others.length === 0) return
  throw new Failure("cannot", `A release cannot leave out ${others.sort().join(", ")}`, {
    hint: "Use --platform with build, check or `publish --no-push`; or take the platform out of nbstacks.yaml",
  })
}

function refuseDirty(source: Source, { allowDirty }: PublishOptions): void {
  if (!source.dirty || allowDirty === true) return
  throw new Failure("cannot", "There are changes that are not committed", {
    detail: `${source.changes.join("\n")}\n\nNothing was built, pushed or tagged.`,
    hint: "Commit them, or publish with --allow-dirty; then the release says so",
  })
}
