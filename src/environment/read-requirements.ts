import type { Problem } from "../config/row.ts"
import type { FolderView } from "../files/folder-view.ts"
import { pathBelow } from "../files/glob.ts"
import type { Requirement } from "../tree/step.ts"
import { readRequirement } from "./requirement.ts"
import { withoutLogins } from "./requirement-url.ts"
import { lineKind, requirementLines } from "./requirement-lines.ts"

/** A pin with the place where it was written, relative to the tree's folder. */
export type PlacedRequirement = { readonly requirement: Requirement; readonly file: string; readonly line: number }

export type RequirementsFile = {
  readonly found: readonly PlacedRequirement[]
  readonly problems: readonly Problem[]
}

/** What is looked at: a folder of this machine, or of a commit. */
export type EnvironmentView = Pick<FolderView, "list" | "text" | "kindOf">

export type RequirementsOptions = {
  /** Relative to the tree's folder, as is `folder`. */
  readonly file: string
  /** What `-r` may not leave. */
  readonly folder: string
}

/** How many of one kind are reported: a file without hashes would say the same in every line. */
const most = 5

/** Reads a requirements file and what it includes. Every line that cannot be used is a problem; nothing is skipped in silence. */
export async function readRequirements(view: EnvironmentView, options: RequirementsOptions): Promise<RequirementsFile> {
  const found: PlacedRequirement[] = []
  const problems: Problem[] = []
  await include(view, options.file, { folder: options.folder, found, problems, open: [], done: new Set() })
  return { found, problems: shorten(problems) }
}

type Reading = {
  readonly folder: string
  readonly found: PlacedRequirement[]
  readonly problems: Problem[]
  /** Files that are being read, the outermost first. */
  readonly open: readonly string[]
  readonly done: Set<string>
}

async function include(view: EnvironmentView, file: string, reading: Reading): Promise<void> {
  const { found, problems } = reading
  if (reading.done.has(file)) return
  reading.done.add(file)
  const text = (await view.text(file)) ?? ""
  for (const { text: content, line } of requirementLines(text)) {
    const complain = (message: string, hint?: string): void => {
      const at = { file, line, column: 1 }
      problems.push({ at, rule: "requirements", message, ...(hint === undefined ? {} : { hint }) })
    }
    const kind = lineKind(content)
    if (kind.kind === "refused") complain(kind.message, kind.hint)
    else if (kind.kind === "include") {
      const open = [...reading.open, file]
      const path = includedPath(file, kind.path, reading.folder)
      if (path === undefined) complain(`-r ${withoutLogins(kind.path)} leaves the environment's folder`)
      else if (open.includes(path)) complain(`-r ${kind.path} goes in a circle: ${[...open, path].join(" → ")}`)
      else if ((await view.kindOf(path)) !== "file") complain(`-r ${kind.path} is not there`)
      else await include(view, path, { ...reading, open })
    } else if (kind.kind === "requirement") {
      const read = readRequirement(content, nameOf(file))
      if ("message" in read) complain(read.message, read.hint)
      else found.push({ requirement: read, file, line })
    }
  }
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1)
}

function includedPath(file: string, path: string, folder: string): string | undefined {
  if (path.startsWith("/") || /^[\w+.-]+:\/\//.test(path)) return undefined
  const slash = file.lastIndexOf("/")
  const joined = pathBelow(slash === -1 ? path : `${file.slice(0, slash)}/${path}`)
  return joined !== undefined && (folder === "" || joined.startsWith(`${folder}/`)) ? joined : undefined
}

/** The first of many problems that end alike, with how many more there are. */
function shorten(problems: readonly Problem[]): readonly Problem[] {
  const groups = Map.groupBy(problems, ({ at, hint, message }) => `${at.file}\n${hint ?? message}`)
  return [...groups.values()].flatMap((group) => {
    const rest = group.length - most
    const last = group[most - 1]
    return rest <= 0 || last === undefined ? group : [...group.slice(0, most - 1), andMore(last, rest)]
  })
}

function andMore(problem: Problem, count: number): Problem {
  return { ...problem, message: `${problem.message}, as are ${count} more in this file` }
}
