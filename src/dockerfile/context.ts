import type { Problem } from "../config/row.ts"
import { hashFiles } from "../files/hash-files.ts"
import type { FolderView } from "../files/folder-view.ts"
import { everything, walk, type Found, type WalkOptions } from "../files/walk.ts"
import type { FileEntry } from "../tree/step.ts"
import type { Source } from "./analysis.ts"
import { makeIgnore, type Ignore } from "./ignore.ts"
import { below, locate } from "./locate.ts"
import { goPattern, hasWildcards } from "./pattern.ts"

export type ContextOptions = {
  /** Relative to the view's folder; `""` is that folder. */
  readonly context: string
  readonly ignore: Ignore
  readonly sources: readonly Source[]
  /** The Dockerfile, for messages. */
  readonly file: string
}

export type Context = {
  /** Sorted by path, relative to the context. */
  readonly entries: readonly FileEntry[]
  readonly problems: readonly Problem[]
}

/** The files that a build can see: what its sources name, less what `.dockerignore` hides. Nothing else reaches the engine. */
export async function readContext(view: FolderView, options: ContextOptions): Promise<Context> {
  const found = new Map<string, Found["kind"]>()
  const problems: Problem[] = []
  for (const source of options.sources) {
    const matches = await match(view, source, options)
    if (typeof matches === "string") {
      const at = { file: options.file, line: source.line, column: 1 }
      problems.push({ at, rule: "dockerfile-source", message: matches, ...hintFor(options.ignore) })
    } else for (const { path, kind } of matches) found.set(path, kind)
  }
  const inner = new Set([...found.keys()].flatMap(foldersOf))
  const kept = [...found]
    .filter(([path, kind]) => path !== "" && !(kind === "directory" && inner.has(path)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const entries = await hashFiles(
    view,
    kept.map(([path, kind]) => ({ path: below(options.context, path), kind })),
  )
  const cut = options.context === "" ? 0 : options.context.length + 1
  return { entries: entries.map((entry) => withPath(entry, entry.path.slice(cut))), problems }
}

function withPath(entry: FileEntry, path: string): FileEntry {
  return { ...entry, path }
}

function hintFor({ file }: Ignore): { readonly hint?: string } {
  return file === undefined ? {} : { hint: `${file} may hide it` }
}

/** What a source names, or what is wrong with it. */
async function match(view: FolderView, source: Source, options: ContextOptions): Promise<readonly Found[] | string> {
  const pattern = clean(source.pattern)
  if (source.literal || !hasWildcards(pattern)) {
    const one = await take(view, pattern.replaceAll(/\\(.)/g, "$1"), { ...options, source })
    return one ?? `\`${source.pattern}\` is not in the context`
  }
  const regexp = goPattern(pattern, source.parents)
  if (regexp === undefined) return `\`${source.pattern}\` is no pattern that Docker understands`
  const paths =
    source.parents && pattern.includes("**")
      ? await deepMatches(view, regexp, options)
      : await levelMatches(view, pattern, options)
  const taken = await Promise.all(paths.map((path) => take(view, path, { ...options, source })))
  return taken.flatMap((one) => one ?? [])
}

/** Relative to the context's root, which `..` does not leave. */
function clean(pattern: string): string {
  const parts: string[] = []
  for (const part of pattern.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}

type Taking = ContextOptions & { readonly source: Source }

/** A file with the links to it, or all of a folder. */
async function take(view: FolderView, path: string, options: Taking): Promise<readonly Found[] | undefined> {
  const { context, ignore, source } = options
  const located = await locate(view, context, path)
  if (located === undefined) return undefined
  const links = located.links.map((link): Found => ({ path: link, kind: "link" }))
  const hidden = located.path !== "" && ignore.hidden(located.path)
  const excluded = source.exclude.length === 0 ? everything : makeIgnore(source.exclude, "--exclude")
  if (located.kind !== "directory") {
    if (hidden) return undefined
    const name = located.path.slice(located.path.lastIndexOf("/") + 1)
    return excluded.hidden(name) ? links : [...links, { path: located.path, kind: located.kind }]
  }
  if (hidden && !ignore.enter(located.path)) return undefined
  const at = below(context, located.path)
  const inContext = (place: string): string => (context === "" ? place : place.slice(context.length + 1))
  const inSource = (place: string): string => (at === "" ? place : place.slice(at.length + 1))
  const all = await walk(view, at, {
    hidden: (place) => ignore.hidden(inContext(place)) || excluded.hidden(inSource(place)),
    enter: (place) => mayShow(ignore, inContext(place)) && mayShow(excluded, inSource(place)),
  })
  if (all.length === 0 && hidden) return undefined
  const empty = all.length === 0 && located.path !== "" ? [{ path: located.path, kind: "directory" as const }] : []
  return [...links, ...all.map(({ path: place, kind }) => ({ path: inContext(place), kind })), ...empty]
}

function mayShow(options: WalkOptions, path: string): boolean {
  return !options.hidden(path) || options.enter(path)
}

/** Names of each level against each part of the pattern; links to folders are followed only before the first wildcard. */
async function levelMatches(view: FolderView, pattern: string, options: ContextOptions): Promise<readonly string[]> {
  const parts = pattern.split("/")
  const first = parts.findIndex(hasWildcards)
  const start = await locate(view, options.context, parts.slice(0, first).join("/"))
  if (start?.kind !== "directory") return []
  const join = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`)
  let found: readonly Level[] = [{ path: parts.slice(0, first).join("/"), real: start.path, folder: true }]
  for (const part of parts.slice(first)) {
    const regexp = goPattern(part, false)
    if (regexp === undefined) return []
    const next: Level[] = []
    for (const { path, real, folder } of found)
      for (const { name, kind } of (folder ? await view.list(below(options.context, real)) : undefined) ?? [])
        if (regexp.test(name))
          next.push({ path: join(path, name), real: join(real, name), folder: kind === "directory" })
    found = next
  }
  return found.map(({ path }) => path)
}

/** A path as written, and without links on the way. */
type Level = { readonly path: string; readonly real: string; readonly folder: boolean }

/** Everything in the context that matches, or is below something that does. */
async function deepMatches(view: FolderView, regexp: RegExp, options: ContextOptions): Promise<readonly string[]> {
  const { context, ignore } = options
  const inContext = (place: string): string => (context === "" ? place : place.slice(context.length + 1))
  const all = await walk(view, context, {
    hidden: (place) => ignore.hidden(inContext(place)),
    enter: (place) => ignore.enter(inContext(place)),
  })
  return all
    .map(({ path }) => inContext(path))
    .filter((path) => [path, ...foldersOf(path)].some((one) => regexp.test(one)))
}

function foldersOf(path: string): readonly string[] {
  const folders: string[] = []
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) folders.push(path.slice(0, at))
  return folders
}
