import { chooses, judgeChoice } from "./combinations.ts"
import type { Expanded, Seedling } from "./expand.ts"
import type { Judge } from "./judge.ts"
import { mergeFields } from "./merge.ts"
import { meant } from "./nearest.ts"
import type { Places } from "./places.ts"
import { readFrom } from "./references.ts"
import type { Position, RowParent } from "./row.ts"
import type { WrittenConfig } from "./schema/written.ts"
import type { WrittenFields, WrittenImage, WrittenOverride } from "./schema/written.ts"
import { fillTemplate } from "./template.ts"

/** A row with its own fields: defaults, image, build arguments of its axes and overrides merged. Still templates. */
export type Draft = {
  readonly id: string
  readonly key: string
  readonly at: Position
  readonly axes: Readonly<Record<string, string>>
  readonly fields: WrittenFields
  readonly parent: RowParent | undefined
  /** A problem has been said about its parent, so that nothing more can be said about what it inherits. */
  readonly unsure: boolean
}

export type OverrideContext = {
  readonly written: WrittenConfig
  readonly expanded: Expanded
  readonly broken: ReadonlySet<string>
  readonly places: Places
  readonly judge: Judge
}

const makes = ["bootstrap", "dockerfile", "environment"] as const
const makeFields: readonly string[] = [...makes, "context", "target", "args", "secrets"]

/** The drafts of one image. Judges what its overrides match and name. */
export function draftRows(key: string, seedlings: readonly Seedling[], context: OverrideContext): readonly Draft[] {
  const image = context.written.images[key]
  if (image === undefined) return []
  const overrides = image.overrides ?? []
  judgeMatches(overrides, seedlings, context)
  const base = baseFields(image, context)
  return seedlings.map((seedling) => {
    let fields = withArguments(base, seedling, context)
    let { parent } = seedling
    let unsure = false
    for (const override of overrides) {
      if (!chooses(override.match, seedling.axes)) continue
      fields = mergeFields(
        makesOtherwise(fields, override) ? withoutMake(fields, context.places) : fields,
        changesOf(override, context.places),
        context.places,
      )
      if (override.from === undefined) continue
      parent = parentByOverride(override, seedling, context)
      unsure = parent === undefined
    }
    const { id, at, axes } = seedling
    return { id, key, at, axes, fields, parent, unsure }
  })
}

function baseFields(image: WrittenImage, { written, places }: OverrideContext): WrittenFields {
  const own = without(image, ["matrix", "overrides"], places)
  return mergeFields(written.defaults ?? {}, own, places) as WrittenFields
}

function withArguments(base: WrittenFields, { args }: Seedling, { places }: OverrideContext): WrittenFields {
  const given = args.filter((one) => Object.keys(one).length > 0)
  if (given.length === 0) return base
  let merged: Record<string, string> = {}
  for (const one of given) merged = mergeFields(merged, one, places)
  const fields = { args: merged }
  const entry = places.entry(merged, Object.keys(merged)[0] ?? "")
  if (entry !== undefined) places.set(fields, "args", entry)
  return mergeFields(base, fields, places)
}

function changesOf(override: WrittenOverride, places: Places): WrittenFields {
  return without(override, ["match"], places)
}

function makesOtherwise(fields: WrittenFields, override: WrittenOverride): boolean {
  return makes.some((make) => override[make] !== undefined && fields[make] === undefined)
}

/** An override that makes the image in another way takes the place of all that says how it is made. */
function withoutMake(fields: WrittenFields, places: Places): WrittenFields {
  return without(fields, makeFields, places)
}

function without<T extends object>(fields: T, names: readonly string[], places: Places): T {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (names.includes(name)) continue
    kept[name] = value
    const entry = places.entry(fields, name)
    if (entry !== undefined) places.set(kept, name, entry)
  }
  return kept as T
}

function judgeMatches(
  overrides: readonly WrittenOverride[],
  rows: readonly Seedling[],
  { places, judge }: OverrideContext,
): void {
  const names = Object.keys(rows[0]?.axes ?? {})
  for (const override of overrides) {
    const at = places.value(override, "match")
    const rule = "override-match"
    if (Object.keys(override.match).length === 0)
      judge(at, {
        rule,
        message: "this names no axis, so it would match every row",
        hint: "Write it in the image itself",
      })
    else if (
      judgeChoice(override.match, { rows, names, rule }, { places, judge }) &&
      !rows.some(({ axes }) => chooses(override.match, axes))
    )
      judge(at, { rule, message: "this matches no row" })
  }
}

function parentByOverride(
  override: WrittenOverride,
  { axes }: Seedling,
  context: OverrideContext,
): RowParent | undefined {
  const { places, judge, expanded, written, broken } = context
  const at = places.value(override, "from")
  const { text, unknown } = fillTemplate(override.from ?? "", axes)
  const wrong = (rule: string, message: string, hint?: string): undefined =>
    judge(at, { rule, message, hint }) as undefined
  const [first] = unknown
  if (first !== undefined)
    return wrong("unknown-placeholder", `nothing stands for \`{${first}}\``, meant(first, Object.keys(axes)))
  const from = readFrom(text)
  if (from.kind === "external") return from
  if (from.kind === "wrong") return wrong("unknown-parent", from.message, from.hint)
  const rows = expanded.get(from.key)
  if (rows === undefined) {
    if (broken.has(from.key) || written.images[from.key] !== undefined) return undefined
    return wrong(
      "unknown-parent",
      `there is no image \`${from.key}\` in this tree`,
      meant(from.key, Object.keys(written.images)),
    )
  }
  const ids = rows.map(({ id }) => id)
  if (from.row === undefined && ids.length === 1) return { kind: "row", id: ids[0] ?? "" }
  if (from.row === undefined)
    return wrong(
      "override-from",
      `\`${text}\` has ${ids.length} rows; a \`from\` of an override names one`,
      meant(text, ids),
    )
  return ids.includes(from.row)
    ? { kind: "row", id: from.row }
    : wrong("unknown-row", `there is no row \`${text}\``, meant(text, ids))
}
