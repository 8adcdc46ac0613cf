import dockerignore from "@balena/dockerignore"
import { Failure } from "../failure.ts"
import type { FolderView } from "../files/folder-view.ts"
import type { WalkOptions } from "../files/walk.ts"

/** What `.dockerignore` hides. Paths are relative to the context. */
export type Ignore = WalkOptions & {
  /** The file that says so, relative to the tree's folder; undefined without one. */
  readonly file: string | undefined
}

/** Hides nothing. */
const nothingIgnored: Ignore = { file: undefined, hidden: () => false, enter: () => false }

/**
 * The rules for a build: `<Dockerfile>.dockerignore` if there is one, else the context's `.dockerignore`. Fails with
 * `cannot` for a pattern that cannot be read.
 */
export async function readIgnore(view: FolderView, dockerfile: string, context: string): Promise<Ignore> {
  for (const file of [`${dockerfile}.dockerignore`, context === "" ? ".dockerignore" : `${context}/.dockerignore`]) {
    const text = await view.text(file)
    if (text !== undefined) return makeIgnore(text.replace(/^\uFEFF/, "").split(/\r?\n/), file)
  }
  return nothingIgnored
}

/** Rules from patterns as `.dockerignore` has them. `file` is for messages. */
export function makeIgnore(patterns: readonly string[], file: string): Ignore {
  const rules = dockerignore.default({ ignorecase: false }).add(patterns.map(plain))
  try {
    rules.ignores("x/y")
  } catch (cause) {
    throw new Failure("cannot", `${file} has a pattern that cannot be read`, { cause })
  }
  const back = patterns.some((pattern) => pattern.trim().startsWith("!"))
  return { file, hidden: (path) => rules.ignores(path), enter: () => back }
}

/** The library passes these on to a regular expression, in which they mean something; in Go's patterns they do not. */
function plain(pattern: string): string {
  if (pattern.startsWith("#")) return pattern
  return pattern.replace(/\\.|\[[^\]]*\]|[+()|{}^]/g, (found) => (found.length === 1 ? `\\${found}` : found))
}
