import type { Placed, Problem } from "../config/row.ts"
import type { FolderView } from "../files/folder-view.ts"
import { expandGlob, isGlob } from "../files/glob.ts"
import type { Found } from "../files/walk.ts"
import type { Step, StepPlaces } from "../tree/step.ts"

/** What resolving collects on its way: where content is, and what is wrong. */
export type Content = {
  readonly view: FolderView
  /** sha256 → path relative to the folder. */
  readonly sources: Map<string, string>
  /** Where the files of each step are. */
  readonly places: Map<Step, StepPlaces>
  readonly problems: Problem[]
}

/** The hash of a file, remembered with its place. */
export async function hashSource(content: Content, path: string): Promise<string> {
  const hash = await content.view.hash(path)
  addSource(content, hash, path)
  return hash
}

/** Remembers where content is: of several places the first by name, whatever was looked at first. */
export function addSource({ sources }: Content, hash: string, path: string): void {
  const known = sources.get(hash)
  if (known === undefined || path < known) sources.set(hash, path)
}

/** What a path or glob means; nothing is a problem at the place where it is written. */
export async function findPlaced(
  { view, problems }: Content,
  { value, at }: Placed<string>,
): Promise<readonly Found[]> {
  const found = await expandGlob(view, value)
  if (found.length === 0)
    problems.push({
      at,
      rule: "no-match",
      message: isGlob(value) ? `nothing matches \`${value}\`` : `there is no \`${value}\``,
    })
  return found
}
