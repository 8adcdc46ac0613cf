import { type Axis } from "./axes.ts"
import { combine, maximumRows, type Combination } from "./combinations.ts"
import { meant, nearest } from "./nearest.ts"
import type { Judge } from "./judge.ts"
import type { Places } from "./places.ts"
import { readFrom, type From } from "./references.ts"
import type { Position, RowParent } from "./row.ts"
import type { Shaped } from "./shape.ts"
import { fillTemplate, placeholdersOf } from "./template.ts"

/** A row before its overrides: which values it has and what it is built on. */
export type Seedling = Combination & {
  readonly id: string
  readonly key: string
  /** `undefined`: nothing says what it is built on. */
  readonly parent: RowParent | undefined
}

export type ExpandContext = {
  readonly shaped: Shaped
  readonly places: Places
  readonly judge: Judge
  /** Own axes by image; an image that is not here is left alone. */
  readonly axes: ReadonlyMap<string, readonly Axis[]>
  /** For images without `from`: what their Dockerfile's `FROM` means as one, by own combination. */
  readonly implied: ReadonlyMap<string, readonly (Implied | undefined)[]>
}

/** Rows on each other at most: an image has 127 layers, and each row brings one. */
export const maximumLine = 100

/** What the `FROM` of a Dockerfile says about the parent: nothing below it, or an image of this tree. */
export type Implied =
  | { readonly kind: "none" }
  | { readonly kind: "implied"; readonly key: string; readonly tag: string | undefined }

/** The expanded images by key; one whose rows cannot be known is missing, and so is what is built on it. */
export type Expanded = ReadonlyMap<string, readonly Seedling[]>

/** Expands all images, parents first, and finds cycles on the way. */
export function expandImages(context: ExpandContext): Expanded {
  const { shaped, judge, places } = context
  const done = new Map<string, readonly Seedling[] | undefined>()
  const cycles = new Set<string>()
  let total = 0
  const images = shaped.written.images

  const expand = (key: string, above: readonly string[]): readonly Seedling[] | undefined => {
    if (done.has(key)) return done.get(key)
    if (above.includes(key)) {
      const cycle = fromSmallest(above.slice(above.indexOf(key)))
      const path = [...cycle, cycle[0]].join(" → ")
      const first = images[cycle[0] ?? key]
      if (!cycles.has(path) && first !== undefined)
        judge(first.from === undefined ? places.value(first, "dockerfile") : places.value(first, "from"), {
          rule: "cycle",
          message: `these images are built on each other: ${path}`,
        })
      cycles.add(path)
      return undefined
    }
    if (total > maximumRows) return undefined
    if (above.length > maximumLine) {
      judge(places.key(images, key), {
        rule: "too-deep",
        message: `more than ${maximumLine} images are built on \`${key}\`, each on the one before`,
      })
      return undefined
    }
    const rows = shaped.broken.has(key)
      ? undefined
      : expandImage(key, (parent) => expand(parent, [...above, key]), context)
    done.set(key, rows)
    total += rows?.length ?? 0
    if (total > maximumRows && rows !== undefined)
      judge(places.key(images, key), {
        rule: "too-many-rows",
        message: `with this image the tree has more than ${maximumRows} rows`,
      })
    return rows
  }

  for (const key of Object.keys(images)) expand(key, [])
  return new Map([...done].flatMap(([key, rows]) => (rows === undefined ? [] : [[key, rows] as const])))
}

function fromSmallest(cycle: readonly string[]): readonly string[] {
  const start = cycle.indexOf(cycle.toSorted()[0] ?? "")
  return [...cycle.slice(start), ...cycle.slice(0, start)]
}

type RowsOf = (key: string) => readonly Seedling[] | undefined

function expandImage(key: string, rowsOf: RowsOf, context: ExpandContext): readonly Seedling[] | undefined {
  const image = context.shaped.written.images[key]
  const axes = context.axes.get(key)
  if (image === undefined || axes === undefined) return undefined
  const { places, judge } = context
  const at = places.key(context.shaped.written.images, key)
  const implied = context.implied.get(key) ?? []
  const same = new Set(implied.map((one) => JSON.stringify(one))).size === 1 ? implied[0] : undefined
  const fromAt = image.from === undefined ? places.value(image, "dockerfile") : places.value(image, "from")
  const own = { axes, matrix: image.matrix }
  const matrix = { places, judge, at: places.key(image, "matrix") }
  const { from } = image
  const each = from !== undefined && placeholdersOf(from).length > 0
  const source = from === undefined ? same : readFrom(from)
  if (source !== undefined && !each) {
    const parents = resolveFrom(source, { rowsOf, context, at: fromAt, self: key })
    if (parents === undefined) return undefined
    const seeds = parents.map(({ axes: values }) => ({ axes: values }))
    const combinations = combine(seeds, own, { ...matrix, parent: from ?? nameOf(source) })
    const parentOf = findParent(parents)
    return combinations.map((one) => seedling({ key, at }, one, parentOf(one)))
  }
  const combinations = combine([{ axes: {} }], own, { ...matrix, parent: undefined })
  if (!each && implied.length === 0) return combinations.map((one) => seedling({ key, at }, one, undefined))
  let known = true
  const rows = combinations.map((one, index) => {
    const named = each ? fillFrom(from, one, { context, at: fromAt }) : implied[index]
    const parents = named === undefined ? [] : resolveFrom(named, { rowsOf, context, at: fromAt, self: key })
    if (parents === undefined || (each && named === undefined)) known = false
    else if (parents.length > 1) {
      known = false
      judge(fromAt, {
        rule: "unknown-row",
        message: `\`${named === undefined ? "" : nameOf(named)}\` has ${parents.length} rows, and this must name one`,
        hint: meant(
          "",
          parents.flatMap(({ parent }) => (parent.kind === "row" ? [parent.id] : [])),
        ),
      })
    }
    return seedling({ key, at }, one, parents?.[0]?.parent)
  })
  return known ? rows : undefined
}

function seedling(
  { key, at }: { key: string; at: Position },
  one: Combination,
  parent: RowParent | undefined,
): Seedling {
  const values = Object.values(one.axes)
  return { ...one, at, key, id: values.length === 0 ? key : `${key}:${values.join("-")}`, parent }
}

function fillFrom(
  from: string,
  { axes }: Combination,
  { context, at }: { context: ExpandContext; at: Position },
): From | undefined {
  const { text, unknown } = fillTemplate(from, axes)
  for (const name of unknown)
    context.judge(at, {
      rule: "unknown-placeholder",
      message: `nothing stands for \`{${name}}\``,
      hint:
        Object.keys(axes).length === 0
          ? "A `from` is filled from the image's own axes, and it has none"
          : meant(name, Object.keys(axes)),
    })
  return unknown.length === 0 ? readFrom(text) : undefined
}

type Candidate = { readonly axes: Readonly<Record<string, string>>; readonly parent: RowParent }

/** Finds the parent of a combination by the values that it has from it. */
function findParent(parents: readonly Candidate[]): (combination: Combination) => RowParent | undefined {
  const names = Object.keys(parents[0]?.axes ?? {})
  const nameOfValues = (axes: Readonly<Record<string, string>>): string => names.map((name) => axes[name]).join("\0")
  const byValues = new Map(parents.map(({ axes, parent }) => [nameOfValues(axes), parent]))
  return ({ axes }) => byValues.get(nameOfValues(axes))
}

type Resolving = {
  readonly rowsOf: RowsOf
  readonly context: ExpandContext
  readonly at: Position
  readonly self: string
}

/** The rows that a `from` names; only those of a whole image pass their axes on. `undefined` after a problem. */
function resolveFrom(from: From | Implied, { rowsOf, context, at, self }: Resolving): readonly Candidate[] | undefined {
  const { judge, shaped } = context
  if (from.kind === "none") return [{ axes: {}, parent: { kind: "none" } }]
  if (from.kind === "external") return [{ axes: {}, parent: { kind: "external", reference: from.reference } }]
  if (from.kind === "wrong" && shaped.broken.has(from.text.split(":")[0] ?? "")) return undefined
  if (from.kind === "wrong")
    return judge(at, { rule: "unknown-parent", message: from.message, hint: from.hint }) as undefined
  const keys = Object.keys(shaped.written.images)
  if (!keys.includes(from.key)) {
    if (shaped.broken.has(from.key)) return undefined
    return judge(at, {
      rule: "unknown-parent",
      message: `there is no image \`${from.key}\` in this tree`,
      hint:
        nearest(
          from.key,
          keys.filter((key) => key !== self),
        ) === undefined
          ? "An image elsewhere needs its registry host, such as docker.io/library/python:3.12"
          : meant(
              from.key,
              keys.filter((key) => key !== self),
            ),
    }) as undefined
  }
  const rows = rowsOf(from.key)
  if (rows === undefined) return undefined
  const whole = rows.map(({ axes, id }): Candidate => ({ axes, parent: { kind: "row", id } }))
  if (from.kind === "implied") {
    const row = from.tag === undefined ? undefined : rowOfTag(rows, from.tag)
    return row === undefined ? whole : [{ axes: {}, parent: { kind: "row", id: row.id } }]
  }
  const { row } = from
  if (row === undefined) return whole
  if (rows.some(({ id }) => id === row)) return [{ axes: {}, parent: { kind: "row", id: row } }]
  return judge(at, {
    rule: "unknown-row",
    message: `there is no row \`${row}\``,
    hint: meant(
      row,
      rows.map(({ id }) => id),
    ),
  }) as undefined
}

/** The row whose axis values a tag is, or begins with; the longest one. */
function rowOfTag(rows: readonly Seedling[], tag: string): Seedling | undefined {
  return rows
    .map((row) => ({ row, values: Object.values(row.axes).join("-") }))
    .filter(({ values }) => values !== "" && (tag === values || tag.startsWith(`${values}-`)))
    .toSorted((a, b) => b.values.length - a.values.length)[0]?.row
}

function nameOf(from: From | Implied): string {
  if (from.kind === "tree") return from.row ?? from.key
  if (from.kind === "implied") return from.key
  return from.kind === "external" ? from.reference : ""
}
