import type { Axis } from "./axes.ts"
import { nameFew } from "./axes.ts"
import type { Judge } from "./judge.ts"
import { meant } from "./nearest.ts"
import type { Places } from "./places.ts"
import type { Position } from "./row.ts"
import type { WrittenMatrix } from "./schema/written.ts"

/** Values of all axes, and the build arguments that map axes bring for them. */
export type Combination = {
  readonly axes: Readonly<Record<string, string>>
  readonly args: readonly Readonly<Record<string, string>>[]
  readonly at: Position
}

/** Rows of the parent that flow down, or one seed without axes. */
export type Seed = { readonly axes: Readonly<Record<string, string>> }

export type MatrixContext = {
  readonly places: Places
  readonly judge: Judge
  readonly at: Position
  readonly parent: string | undefined
}

/**
 * The combinations of one image: the axes of its parent's rows and its own, less `exclude`, then `include`. A
 * same-named axis selects among the parent's values.
 */
export function combine(
  seeds: readonly Seed[],
  { axes, matrix }: { axes: readonly Axis[]; matrix: WrittenMatrix | undefined },
  context: MatrixContext,
): readonly Combination[] {
  const inherited = Object.keys(seeds[0]?.axes ?? {})
  for (const axis of axes.filter(({ name }) => inherited.includes(name))) judgeSelection(axis, seeds, context)
  const included = matrix?.include ?? []
  const own = axes.map(({ name }) => name)
  const added = own.length === 0 ? Object.keys(included[0] ?? {}) : own
  const names = [...inherited, ...added.filter((name) => !inherited.includes(name))]
  const onlyIncluded = own.length === 0 && names.length > inherited.length
  const count = onlyIncluded ? 0 : countRows(seeds, axes)
  if (count > maximumRows) {
    const message = `this matrix has ${count} combinations, and a tree has ${maximumRows} rows at most`
    context.judge(context.at, { rule: "too-many-rows", message })
    return []
  }
  const product = onlyIncluded ? [] : seeds.flatMap((seed) => multiply(seed, axes, context.at))
  const left = exclude(product, { names, matrix }, context)
  const more = included.flatMap((entry, index) =>
    include(entry, { names, seeds, axes, inherited, index, included }, context),
  )
  const all = [...left, ...more]
  if (all.length === 0)
    context.judge(context.at, { rule: "no-rows", message: "the matrix of this image leaves no row" })
  return all
}

/** Rows of a tree at most. */
export const maximumRows = 10_000

function countRows(seeds: readonly Seed[], axes: readonly Axis[]): number {
  const inherited = new Set(Object.keys(seeds[0]?.axes ?? {}))
  const own = axes.filter(({ name }) => !inherited.has(name))
  return own.reduce((count, { values }) => count * values.length, seeds.length)
}

function judgeSelection(axis: Axis, seeds: readonly Seed[], { judge, parent }: MatrixContext): void {
  const there = [...new Set(seeds.map(({ axes }) => axisOf({ axes }, axis.name) ?? ""))]
  for (const { value, at } of axis.values)
    if (!there.includes(value))
      judge(at, {
        rule: "parent-axis-value",
        message: `\`${parent ?? "its parent"}\` has no row with \`${axis.name}\` ${value}`,
        hint: meant(value, there),
      })
}

function multiply(seed: Seed, axes: readonly Axis[], at: Position): readonly Combination[] {
  let found: readonly Combination[] = [{ axes: seed.axes, args: [], at }]
  for (const { name, values } of axes) {
    const given = axisOf(seed, name)
    const chosen = given === undefined ? values : values.filter(({ value }) => value === given)
    found = found.flatMap((one) =>
      chosen.map(({ value, args }) => ({
        axes: { ...one.axes, [name]: value },
        args: args === undefined ? one.args : [...one.args, args],
        at,
      })),
    )
  }
  return found
}

/** The value of an axis, whatever it is called: `constructor` is a name like any other. */
function axisOf({ axes }: Seed, name: string): string | undefined {
  return Object.hasOwn(axes, name) ? axes[name] : undefined
}

type Names = { readonly names: readonly string[]; readonly matrix: WrittenMatrix | undefined }

function exclude(
  product: readonly Combination[],
  { names, matrix }: Names,
  { places, judge }: MatrixContext,
): readonly Combination[] {
  const list = matrix?.exclude ?? []
  const dropped = new Set<Combination>()
  for (const [index, entry] of list.entries()) {
    const at = places.value(list, index)
    const known = judgeChoice(entry, { rows: product, names, rule: "exclude" }, { places, judge })
    const found = product.filter(({ axes }) => chooses(entry, axes))
    if (known && (found.length === 0 || Object.keys(entry).length === 0))
      judge(at, {
        rule: "exclude",
        message: Object.keys(entry).length === 0 ? "this names no axis" : "this excludes nothing",
      })
    else for (const one of found) dropped.add(one)
  }
  return product.filter((one) => !dropped.has(one))
}

type Choice = Readonly<Record<string, string | readonly string[]>>

/** True when the values of a row are among those that a choice names. */
export function chooses(choice: Choice, axes: Readonly<Record<string, string>>): boolean {
  return Object.entries(choice).every(([name, wanted]) => {
    const value = axisOf({ axes }, name)
    return value !== undefined && (typeof wanted === "string" ? wanted === value : wanted.includes(value))
  })
}

/** Judges that a choice (`match`, `exclude`) names axes and values that are there. True when it does. */
export function judgeChoice(
  choice: Choice,
  { rows, names, rule }: { rows: readonly Seed[]; names: readonly string[]; rule: string },
  { places, judge }: { places: Places; judge: Judge },
): boolean {
  let known = true
  for (const [name, wanted] of Object.entries(choice)) {
    if (!names.includes(name)) {
      known = false
      judge(places.key(choice, name), {
        rule,
        message: `this image has no axis \`${name}\``,
        hint: names.length === 0 ? "It has no axes at all" : meant(name, names),
      })
      continue
    }
    const there = new Set(rows.map(({ axes }) => axisOf({ axes }, name) ?? ""))
    const values = typeof wanted === "string" ? [wanted] : wanted
    for (const [index, value] of values.entries()) {
      if (there.has(value)) continue
      known = false
      judge(typeof wanted === "string" ? places.value(choice, name) : places.value(wanted, index), {
        rule,
        message: `\`${name}\` has no value \`${value}\``,
        hint: meant(value, [...there]),
      })
    }
  }
  return known
}

type Including = {
  readonly names: readonly string[]
  readonly seeds: readonly Seed[]
  readonly axes: readonly Axis[]
  readonly inherited: readonly string[]
  readonly index: number
  readonly included: readonly Readonly<Record<string, string>>[]
}

function include(
  entry: Readonly<Record<string, string>>,
  { names, seeds, axes, inherited, index, included }: Including,
  { places, judge, parent }: MatrixContext,
): readonly Combination[] {
  const at = places.value(included, index)
  const missing = names.filter((name) => entry[name] === undefined)
  const unknown = Object.keys(entry).filter((name) => !names.includes(name))
  for (const name of unknown)
    judge(places.key(entry, name), {
      rule: "include",
      message: `this image has no axis \`${name}\``,
      hint: meant(name, names),
    })
  if (missing.length > 0)
    judge(at, {
      rule: "include",
      message: `this does not name ${nameFew(missing)}`,
      hint: "`include` names every axis, inherited ones too",
    })
  if (missing.length > 0 || unknown.length > 0) return []
  if (!seeds.some((seed) => inherited.every((name) => axisOf(seed, name) === entry[name]))) {
    const wanted = inherited.map((name) => `${name} ${entry[name] ?? ""}`).join(", ")
    judge(at, { rule: "include", message: `\`${parent ?? "its parent"}\` has no row with ${wanted}` })
    return []
  }
  const args = axes
    .map(({ name, values }) => values.find(({ value }) => value === entry[name])?.args)
    .filter((one) => one !== undefined)
  return [{ axes: Object.fromEntries(names.map((name) => [name, entry[name] ?? ""])), args, at }]
}
