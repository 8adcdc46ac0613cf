import type { Position, Problem } from "./row.ts"

/** What is wrong, and how to mend it. */
type Verdict = { readonly rule: string; readonly message: string; readonly hint?: string | undefined }

/** Takes a problem down; judging goes on, so that one run finds all of them. */
export type Judge = (at: Position, verdict: Verdict) => void

/** A list of problems that grows, and the function that makes it grow. */
export function collectProblems(): { readonly problems: Problem[]; readonly judge: Judge } {
  const problems: Problem[] = []
  const judge: Judge = (at, { rule, message, hint }) =>
    void problems.push({ at, rule, message, ...(hint === undefined ? {} : { hint }) })
  return { problems, judge }
}

const alike = 3

/**
 * Problems in the order of the file, each once. One mistake that shows in many rows is said three times at most,
 * with the number of the others.
 */
export function settleProblems(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>()
  const groups = new Map<string, Problem[]>()
  for (const problem of problems) {
    const place = `${placeOf(problem)}\0${problem.rule}`
    if (seen.has(`${place}\0${problem.message}`)) continue
    seen.add(`${place}\0${problem.message}`)
    const group = groups.get(place)
    if (group === undefined) groups.set(place, [problem])
    else group.push(problem)
  }
  const first = new Set([...groups.values()].flat().filter(isAboutText).map(placeOf))
  const kept = [...groups.values()].filter(([one]) => one === undefined || isAboutText(one) || !first.has(placeOf(one)))
  return kept.flatMap(shorten).sort(inFileOrder)
}

function shorten(group: readonly Problem[]): readonly Problem[] {
  const kept = group.slice(0, alike)
  const last = kept.pop()
  const rest = group.length - alike
  if (last === undefined) return kept
  return [...kept, rest > 0 ? { ...last, message: `${last.message} (and ${rest} more)` } : last]
}

/** Where the text itself is wrong, what follows from it is not said. */
function isAboutText({ rule }: Problem): boolean {
  return rule === "unknown-placeholder" || rule === "path"
}

function placeOf({ at }: Problem): string {
  return `${at.file}:${at.line}:${at.column}`
}

function inFileOrder(a: Problem, b: Problem): number {
  return (
    compareText(a.at.file, b.at.file) ||
    a.at.line - b.at.line ||
    a.at.column - b.at.column ||
    compareText(a.rule, b.rule) ||
    compareText(a.message, b.message)
  )
}

/** Order by UTF-16 code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
