import picomatch from "picomatch"
import { posix } from "node:path"
import type { TreeFolder } from "./folder.ts"
import { compareText, type Judge } from "./judge.ts"
import { innerPath } from "./paths.ts"
import type { Places } from "./places.ts"
import type { Position } from "./row.ts"
import type { WrittenMatrix } from "./schema/written.ts"

/** One value of an axis, with the build arguments that it brings. */
type AxisValue = {
  readonly value: string
  readonly args: Readonly<Record<string, string>> | undefined
  readonly at: Position
}
export type Axis = { readonly name: string; readonly values: readonly AxisValue[] }

export type AxesContext = { readonly places: Places; readonly folder: TreeFolder; readonly judge: Judge }

/** Names that templates of tags use themselves. */
const reservedAxes: ReadonlySet<string> = new Set(["release", "date", "git"])

const valueShape = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/**
 * The axes of one image, globs expanded. `undefined` where one is so wrong that its rows cannot be known; what is
 * wrong has been judged then.
 */
export async function readAxes(matrix: WrittenMatrix, context: AxesContext): Promise<readonly Axis[] | undefined> {
  const axes: Axis[] = []
  let known = true
  for (const [name, axis] of Object.entries(matrix)) {
    if (name === "include" || name === "exclude" || axis === undefined) continue
    known = judgeAxisName(matrix, name, context) && known
    const values = await valuesOf({ matrix, name }, axis as Written, context)
    if (values === undefined) known = false
    else axes.push({ name, values: distinct(name, values, context) })
  }
  return known ? axes : undefined
}

type Written = string | readonly string[] | Readonly<Record<string, Readonly<Record<string, string>>>>
type Place = { readonly matrix: WrittenMatrix; readonly name: string }

function judgeAxisName(matrix: WrittenMatrix, name: string, { places, judge }: AxesContext): boolean {
  const at = places.key(matrix, name)
  if (reservedAxes.has(name)) {
    judge(at, { rule: "axis-name", message: `an axis cannot be called \`${name}\`: tags use \`{${name}}\` themselves` })
    return false
  }
  if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) return true
  judge(at, { rule: "axis-name", message: `\`${name}\` must be a name of letters, digits, \`_\` and \`-\`` })
  return false
}

async function valuesOf(place: Place, axis: Written, context: AxesContext): Promise<readonly AxisValue[] | undefined> {
  const { places, judge } = context
  if (typeof axis === "string") return expandGlob(place, axis, context)
  if (Array.isArray(axis))
    return (axis as readonly string[]).map((value, index) => ({
      value,
      args: undefined,
      at: places.value(axis, index),
    }))
  return Object.entries(axis).map(([value, args]) => {
    const entry = places.entry(axis, value)
    if (entry !== undefined && entry.keyKind !== "text")
      judge(places.key(axis, value), {
        rule: "unquoted-value",
        message: `a value of \`${place.name}\` must be text, but YAML reads ${value} as a ${entry.keyKind}`,
        hint: `Put it in quotes: "${value}"`,
      })
    return { value, args, at: places.key(axis, value) }
  })
}

function distinct(name: string, values: readonly AxisValue[], { judge }: AxesContext): readonly AxisValue[] {
  const seen = new Set<string>()
  return values.filter(({ value, at }) => {
    if (!seen.has(value)) return seen.add(value)
    judge(at, { rule: "duplicate-value", message: `\`${value}\` is in \`${name}\` twice` })
    return false
  })
}

/** A row for each folder, by its last part, in the order of the folders' paths. */
async function expandGlob(
  { matrix, name }: Place,
  glob: string,
  context: AxesContext,
): Promise<readonly AxisValue[] | undefined> {
  const at = context.places.value(matrix, name)
  const wrong = (message: string, hint?: string): undefined =>
    context.judge(at, { rule: "axis-glob", message, hint }) as undefined
  const inner = innerPath(glob)
  if ("wrong" in inner) return context.judge(at, { rule: "path", message: `\`${glob}\` ${inner.wrong}` }) as undefined
  if (inner.path.split("/").includes("**"))
    return wrong(`\`${glob}\` holds \`**\`; an axis has a row for each folder of one level`)
  const found = await matchPaths(inner.path, context.folder)
  const files = found.filter(({ kind }) => kind !== "directory")
  const folders = found.filter(({ kind }) => kind === "directory")
  if (files.length > 0)
    wrong(
      `\`${glob}\` matches ${nameFew(files.map(({ path }) => path))}, which is no folder`,
      "Move it, or write a glob that matches folders only",
    )
  if (found.length === 0) return wrong(`\`${glob}\` matches nothing`, "An axis needs one folder at least")
  const seen = new Map<string, string>()
  const values: AxisValue[] = []
  for (const { path } of folders) {
    const value = posix.basename(path)
    const before = seen.get(value)
    if (before !== undefined) wrong(`\`${before}\` and \`${path}\` are both called \`${value}\``)
    else if (!valueShape.test(value))
      context.judge(at, {
        rule: "axis-value",
        message: `\`${path}\` gives the value \`${value}\`, which must be letters, digits, \`.\`, \`_\` and \`-\``,
      })
    else values.push({ value, args: undefined, at })
    seen.set(value, before ?? path)
  }
  return values.length === 0 ? undefined : values
}

type Match = { readonly path: string; readonly kind: string }

/** Paths that a glob matches, one level of the glob after the other. Hidden names only where the glob says so. */
async function matchPaths(glob: string, folder: TreeFolder): Promise<readonly Match[]> {
  let here: readonly Match[] = [{ path: ".", kind: "directory" }]
  for (const part of glob.split("/")) {
    const matches = picomatch(part, { noextglob: true })
    const next: Match[] = []
    for (const { path } of here.filter(({ kind }) => kind === "directory")) {
      for (const { name, kind } of (await folder.list(path)) ?? [])
        if (matches(name)) next.push({ path: posix.join(path, name), kind })
    }
    here = next
  }
  return here.toSorted((a, b) => compareText(a.path, b.path))
}

/** The first names of a list, and how many more there are. */
export function nameFew(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `\`${name}\``)
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ")
}
