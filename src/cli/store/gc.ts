import { Failure } from "../../failure.ts"
import type { Collected } from "../../oci/store/layout/gc.ts"
import { bytes, count } from "../../report/format.ts"
import { findOldKeys } from "../../state/old-keys.ts"
import { agreed } from "../agreed.ts"
import type { Context } from "../context.ts"
import { openLocalStore } from "./local-store.ts"

const hour = 3_600_000
const day = 24 * hour

export type GcOptions = {
  /** Days: records of builds that were not used since then go too. */
  readonly olderThan: number
  readonly dryRun?: true | undefined
  readonly yes?: true | undefined
}

/** Removes from the local store what nothing refers to, and old records of builds. Asks on a terminal. */
export async function gc({ host, io, signal }: Context, { olderThan, dryRun, yes }: GcOptions): Promise<number> {
  if (dryRun !== true && yes !== true && io.ask === undefined)
    throw new Failure("cannot", "This would remove files from the local store", {
      hint: "Say so with --yes, or see what it would remove with --dry-run",
    })
  const layout = await openLocalStore({ host })
  const old = await findOldKeys(layout, { before: host.now().getTime() - olderThan * day, signal })
  const where = `in ${layout.folder}`
  const kept = "every release and tag, the last build of each row, and what was used within the hour"
  const nothing = `Nothing to remove ${where}. Kept: ${kept}.\n`
  if (dryRun === true || yes !== true) {
    const would = { ...(await layout.gc({ grace: hour, without: old, dryRun: true, signal })), records: old.length }
    if (dryRun === true || isEmpty(would)) {
      io.err(isEmpty(would) ? nothing : `Would remove ${whatOf(would)} ${where}, and keep ${kept}.\n`)
      return 0
    }
    if (!(await agreed(io, `Remove ${whatOf(would)} ${where}?`))) {
      io.err("Nothing was removed.\n")
      return 1
    }
  }
  for (const { repository, tag } of old) await layout.deleteTag(repository, tag)
  const removed = { ...(await layout.gc({ grace: hour, signal })), records: old.length }
  io.err(isEmpty(removed) ? nothing : `Removed ${whatOf(removed)} ${where}.\nKept: ${kept}.\n`)
  return 0
}

type Found = Collected & { readonly records: number }

function isEmpty({ records, manifests, blobs, bytes: size }: Found): boolean {
  return records + manifests + blobs + size === 0
}

function whatOf({ records, manifests, blobs, bytes: size }: Found): string {
  return `${count(records, "old build record")}, ${count(manifests, "manifest")} and ${count(blobs, "blob")} (${bytes(size)})`
}
