import type { FinalBase } from "./door.ts"
import type { FileKind } from "../host/files.ts"
import type { Judge } from "./judge.ts"
import type { Draft } from "./overrides.ts"
import type { Places } from "./places.ts"
import type { Position, Row } from "./row.ts"
import type { WrittenConfig } from "./schema/written.ts"
import type { WrittenFields } from "./schema/written.ts"

/** A row with what rules ask about it. */
export type JudgedRow = {
  readonly row: Row
  readonly draft: Draft
  readonly parent: JudgedRow | undefined
  /** Why it is not built: its own `skip`, or that of what it is built on. */
  readonly skip: string | undefined
  /** A problem has been said about what it is built on; nothing can be said about what it inherits. */
  readonly unsure: boolean
  /** The profile of its checks, its parent's where it has none. */
  readonly profile: "none" | "jupyter"
}

/** What was found out about files, for rules to judge. */
export type Facts = {
  /** By path below the tree's folder; undefined where nothing is. */
  readonly kinds: ReadonlyMap<string, FileKind | "outside" | undefined>
  /** By row: what its Dockerfile's last stage is built from; what is wrong with it where that cannot be said. */
  readonly bases: ReadonlyMap<string, FinalBase>
}

/** All that the rules judge: the rows, what was written, and where. */
export type JudgedTree = {
  readonly written: WrittenConfig
  readonly places: Places
  readonly state: string
  readonly tags: readonly string[]
  /** Images that something was taken out of. */
  readonly touched: ReadonlySet<string>
  /** Parents before children. */
  readonly rows: readonly JudgedRow[]
  readonly facts: Facts
}

/** A named rule: says what is wrong, changes nothing. */
export type Rule = (tree: JudgedTree, judge: Judge) => void

/** Where a field of a row is written; the image's key where it is not. */
export function placeOf({ places }: JudgedTree, { draft }: JudgedRow, field: keyof WrittenFields): Position {
  return places.entry(draft.fields, field) === undefined ? draft.at : places.value(draft.fields, field)
}

/** Rows that are built. */
export function builtRows({ rows }: JudgedTree): readonly JudgedRow[] {
  return rows.filter(({ skip }) => skip === undefined)
}
