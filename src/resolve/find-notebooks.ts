import type { Placed, RowChecks } from "../config/row.ts"
import type { NotebookCheck } from "../tree/checks.ts"
import { findPlaced, hashSource, type Content } from "./content.ts"
import type { FoundNotebooks } from "./merge-checks.ts"

/** The notebooks that a row's checks name, hashed and sorted. */
export async function findNotebooks(content: Content, checks: RowChecks): Promise<FoundNotebooks> {
  const later = await Promise.all(
    Object.entries(checks.later).map(
      async ([name, { notebooks }]) => [name, await findAll(content, notebooks, checks.timeout)] as const,
    ),
  )
  return { own: await findAll(content, checks.notebooks, checks.timeout), later: Object.fromEntries(later) }
}

async function findAll(
  content: Content,
  globs: readonly Placed<string>[],
  timeout: number,
): Promise<readonly NotebookCheck[]> {
  const notebooks = new Map<string, NotebookCheck>()
  for (const glob of globs)
    for (const { path, kind } of await findPlaced(content, glob)) {
      if (kind === "file") notebooks.set(path, { path, sha256: await hashSource(content, path), timeout })
      else content.problems.push({ at: glob.at, rule: "notebook", message: `${path} is no file` })
    }
  return [...notebooks.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}
