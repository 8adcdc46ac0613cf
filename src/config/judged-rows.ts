import type { Platform } from "../oci/platform.ts"
import type { Judge } from "./judge.ts"
import type { JudgedRow } from "./judged-tree.ts"
import type { Draft } from "./overrides.ts"
import type { Places } from "./places.ts"
import { readPlatform, readRow } from "./read-row.ts"

export type Inheriting = {
  readonly platforms: readonly string[] | undefined
  readonly places: Places
  readonly judge: Judge
}

/** Never the machine's own: the same files give the same tree everywhere. */
const defaultPlatforms = ["linux/amd64"]

/** The rows of ordered drafts, with what each has from its parent: platforms, profile, the reason to skip it. */
export function judgedRows(ordered: readonly Draft[], { platforms, places, judge }: Inheriting): readonly JudgedRow[] {
  const roots: readonly Platform[] = (platforms ?? defaultPlatforms).map(readPlatform)
  const byId = new Map<string, JudgedRow>()
  const rows: JudgedRow[] = []
  for (const draft of ordered) {
    const named = draft.parent?.kind === "row" ? draft.parent.id : undefined
    const parent = named === undefined ? undefined : byId.get(named)
    const row = readRow(draft, parent?.row.platforms ?? roots, { places, judge })
    const judged = {
      row,
      draft,
      parent,
      skip: draft.fields.skip ?? parent?.skip,
      unsure: draft.unsure || (named !== undefined && parent === undefined) || (parent?.unsure ?? false),
      profile: row.checks.profile ?? parent?.profile ?? "none",
    } satisfies JudgedRow
    rows.push(judged)
    if (!byId.has(draft.id)) byId.set(draft.id, judged)
  }
  return rows
}
