import { canonicalJson } from "../oci/canonical-json.ts"
import type { FileEntry, Step, StepPlaces } from "../tree/step.ts"
import type { Image, RowId } from "../tree/tree.ts"
import type { KeyInput } from "./key.ts"
import type { Reason } from "./plan.ts"

export type Change = {
  readonly now: KeyInput
  /** What the row was made from before; undefined for a new row. */
  readonly before: KeyInput | undefined
  readonly image: Image
  /** Rows below it that are built in this plan. */
  readonly rebuilt: readonly RowId[]
  /** Where the files of steps are. */
  readonly places: ReadonlyMap<Step, StepPlaces>
}

/** Why a row is built: what differs from before, the most specific first. Empty when nothing does. */
export function reasonsFor(change: Change): readonly Reason[] {
  const { now, before, image, rebuilt } = change
  const parents = rebuilt.map((id): Reason => ({ kind: "parent", id, because: "rebuilt" }))
  if (before === undefined) return [{ kind: "new" }, ...parents]
  const own = ownChanges(change, before)
  if (rebuilt.length > 0) return [...own, ...parents]
  const parent = sameValue(now.parent, before.parent) ? [] : parentChange(image, before)
  return [...own, ...parent]
}

function parentChange(image: Image, before: KeyInput): readonly Reason[] {
  if (image.parent.kind === "external" && before.parent !== null && "digest" in before.parent)
    return [{ kind: "lock", reference: image.parent.reference }]
  return image.parent.kind === "image"
    ? [{ kind: "parent", id: image.parent.id, because: "other" }]
    : [{ kind: "setting", field: "from" }]
}

function ownChanges({ now, places }: Change, before: KeyInput): readonly Reason[] {
  const kinds = new Set([...now.steps, ...before.steps].map((step) => step.kind))
  return [...kinds].flatMap((kind) => {
    // A row has one step of a kind, but for `files`: one for each owner and mode.
    const [old, current] = [before, now].map((input) => input.steps.filter((step) => step.kind === kind))
    const count = Math.max(old?.length ?? 0, current?.length ?? 0)
    return Array.from({ length: count }, (_, at) => {
      const [a, b] = [old?.[at], current?.[at]]
      if (a === undefined || b === undefined) return [{ kind: "setting", field: settingOf[kind] } satisfies Reason]
      return stepChanges(a, b, places.get(b) ?? nowhere)
    }).flat()
  })
}

/** The field of nbstacks.yaml that brings a step. */
const settingOf: Readonly<Record<Step["kind"], string>> = {
  bootstrap: "bootstrap",
  dockerfile: "dockerfile",
  pypi: "environment",
  files: "files",
  config: "env",
}

const nowhere: StepPlaces = { of: () => undefined }

function stepChanges(before: Step, now: Step, places: StepPlaces): readonly Reason[] {
  if (before.format !== now.format) return [{ kind: "format", step: now.kind }]
  if (before.kind === "bootstrap" && now.kind === "bootstrap")
    return [
      ...fields(before, now, ["suite", "packages", "budget"], "bootstrap."),
      ...packages(before.locked, now.locked),
      ...refresh(before, now),
    ]
  if (before.kind === "pypi" && now.kind === "pypi")
    return [
      ...packages(before.requirements, now.requirements),
      ...fields(before, now, ["replace", "bytecode", "compression", "budget"], ""),
    ]
  if (before.kind === "dockerfile" && now.kind === "dockerfile")
    return [
      ...(before.dockerfile === now.dockerfile
        ? []
        : [{ kind: "changed", path: places.dockerfile ?? "Dockerfile", how: "changed" } satisfies Reason]),
      ...files(before.context, now.context, places),
      ...entries(before.args, now.args, "args."),
      ...fields(before, now, ["target", "secrets", "rows"], ""),
      ...locks({ ...before.external, ...before.urls }, { ...now.external, ...now.urls }),
      ...refresh(before, now),
    ]
  if (before.kind === "files" && now.kind === "files")
    return [...files(before.entries, now.entries, places), ...fields(before, now, ["uid", "gid", "mode"], "files.")]
  if (before.kind === "config" && now.kind === "config")
    return [
      ...entries(before.env, now.env, "env."),
      ...entries(before.labels, now.labels, "labels."),
      ...fields(before, now, ["user", "workdir", "entrypoint", "command"], ""),
    ]
  return []
}

/** Whatever the order of fields: what was recorded comes back with sorted ones. */
function sameValue(a: unknown, b: unknown): boolean {
  return canonicalJson({ value: a }) === canonicalJson({ value: b })
}

function refresh(before: { refresh?: string | undefined }, now: { refresh?: string | undefined }): readonly Reason[] {
  return before.refresh === now.refresh ? [] : [{ kind: "refresh", value: now.refresh ?? "" }]
}

function fields<T extends Step>(
  before: T,
  now: T,
  names: readonly (keyof T & string)[],
  prefix: string,
): readonly Reason[] {
  return names
    .filter((name) => !sameValue(before[name], now[name]))
    .map((name) => ({ kind: "setting", field: `${prefix}${name}` }))
}

function entries(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
  prefix: string,
): readonly Reason[] {
  return differing(before, now).map((name) => ({ kind: "setting", field: `${prefix}${name}` }))
}

function locks(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): readonly Reason[] {
  return differing(before, now).map((reference) => ({ kind: "lock", reference }))
}

function differing(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().filter((name) => before[name] !== now[name])
}

type Pinned = { readonly name: string; readonly version: string; readonly url?: string | undefined }

function packages(before: readonly Pinned[], now: readonly Pinned[]): readonly Reason[] {
  const [old, current] = [Map.groupBy(before, byName), Map.groupBy(now, byName)]
  const names = [...new Set([...old.keys(), ...current.keys()])].sort()
  const moved = names.flatMap((name): readonly Reason[] => {
    const [from, to] = told(old.get(name), current.get(name))
    return from === to ? [] : [{ kind: "package", name, from, to }]
  })
  const same = moved.length === 0 && !sameValue(before, now)
  return same ? [{ kind: "setting", field: "hashes" }] : moved
}

/** A package before and now, as versions where they differ, else with where it comes from; it may be there twice, under different markers. */
function told(
  before: readonly Pinned[] | undefined,
  now: readonly Pinned[] | undefined,
): readonly (string | undefined)[] {
  const texts = (of: (one: Pinned) => string): readonly (string | undefined)[] =>
    [before, now].map((list) => list?.map(of).join(" or "))
  const [from, to] = texts(({ version }) => version)
  return from === to ? texts(({ version, url }) => (url === undefined ? version : `${version} @ ${url}`)) : [from, to]
}

function byName({ name }: Pinned): string {
  return name
}

function files(before: readonly FileEntry[], now: readonly FileEntry[], places: StepPlaces): readonly Reason[] {
  if (before === now) return []
  const old = new Map(before.map((entry) => [entry.path, entry]))
  const current = new Map(now.map((entry) => [entry.path, entry]))
  const paths = [...new Set([...old.keys(), ...current.keys()])].sort()
  return paths.flatMap((path): readonly Reason[] => {
    const [a, b] = [old.get(path), current.get(path)]
    if (a !== undefined && b !== undefined && sameEntry(a, b)) return []
    const how = a === undefined ? "added" : b === undefined ? "removed" : "changed"
    return [{ kind: "changed", path: places.of(path) ?? path, how }]
  })
}

function sameEntry(a: FileEntry, b: FileEntry): boolean {
  return a.sha256 === b.sha256 && a.link === b.link && a.executable === b.executable
}
