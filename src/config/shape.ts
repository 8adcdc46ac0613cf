import { keysAt } from "./fields.ts"
import type { Judge } from "./judge.ts"
import { meant, nearest } from "./nearest.ts"
import type { Parsed } from "./parse.ts"
import type { Position } from "./row.ts"
import { fileSchema } from "./schema/config.ts"
import type { WrittenConfig } from "./schema/written.ts"
import { prune, type Pruned } from "./prune.ts"
import { flattenIssues, valueAt, type FlatIssue, type Path } from "./issues.ts"

/** A file of the right shape: what was wrong is taken out, and which images that concerns is kept. */
export type Shaped = Pruned & { readonly written: WrittenConfig }

/** Each round takes out what the one before found; what is nested shows one level a round. */
const rounds = 20

/**
 * Judges the shape of the whole file by its schema: unknown keys, wrong types, forms. `undefined` when nothing is
 * left to go on with.
 */
export function judgeShape(parsed: Parsed, judge: Judge): Shaped | undefined {
  const root = parsed.value
  if (typeof root !== "object" || root === null || Array.isArray(root)) {
    const at = { file: parsed.file, line: 1, column: 1 }
    judge(at, {
      rule: "wrong-type",
      message: "the file must be a map with `version` and `images`",
      hint: "Run `nbstacks init` for one to start from",
    })
    return undefined
  }
  const pruned: Pruned = { broken: new Set(), touched: new Set() }
  for (let round = 0; round < rounds; round += 1) {
    const result = fileSchema.safeParse(root)
    if (result.success) return { ...pruned, written: root as WrittenConfig }
    const issues = flattenIssues(result.error.issues, root)
    for (const issue of issues) judgeIssue(issue, { parsed, judge })
    for (const issue of issues) prune(root as Record<string, unknown>, issue, pruned)
  }
  return undefined
}

type Court = { readonly parsed: Parsed; readonly judge: Judge }

function judgeIssue(issue: FlatIssue, { parsed, judge }: Court): void {
  const { places, value: root } = parsed
  if (issue.kind === "unknown-keys") {
    const container = valueAt(root, issue.path) as object
    const known = keysAt(issue.path)
    const text = placeholderText(issue.path, parsed)
    if (text !== undefined) judgePlaceholder(issue.path, text, { parsed, judge })
    else for (const key of issue.keys) judge(places.key(container, key), unknownKey(key, issue.path, known))
    return
  }
  const last = issue.path.at(-1)
  const container = valueAt(root, issue.path.slice(0, -1))
  if (last === undefined || typeof container !== "object" || container === null) {
    judge(positionOf(issue.path, parsed), issue)
    return
  }
  const value = (container as Record<string, unknown>)[last]
  const entry = places.entry(container, last)
  if (issue.kind === "key") {
    judge(places.key(container, last), { rule: issue.rule, message: `\`${last}\` ${issue.message}` })
  } else if (value === undefined) {
    // A map that is a placeholder without quotes lacks everything; what it is has been said.
    if (placeholderText(issue.path.slice(0, -1), parsed) !== undefined) return
    judge(positionOf(issue.path.slice(0, -1), parsed), {
      rule: "missing-key",
      message: `\`${last}\` is missing`,
      hint: missingHint(issue),
    })
  } else if (issue.expectsText && placeholderText(issue.path, parsed) !== undefined) {
    judgePlaceholder(issue.path, placeholderText(issue.path, parsed) ?? "", { parsed, judge })
  } else if (issue.expectsText && isScalar(value)) {
    const source = entry?.source ?? JSON.stringify(value)
    const axis = issue.path.includes("matrix") || issue.path.includes("match")
    const reading = value === null ? "nothing" : `the ${typeof value} ${JSON.stringify(value)}`
    const same = source === JSON.stringify(value)
    judge(places.value(container, last), {
      rule: axis ? "unquoted-value" : "wrong-type",
      message: `${labelOf(issue.path)} ${issue.message}, but ${
        same && value !== null
          ? `${source} is a ${typeof value}`
          : `YAML reads ${source === "" ? "an empty value" : source} as ${reading}`
      }`,
      hint: hintFor(issue.path) ?? (source === "" ? undefined : `Put it in quotes: "${source}"`),
    })
  } else {
    const form = typeof value === "string" && !["wrong-type", "version"].includes(issue.rule) && value !== ""
    const label = form ? `\`${value}\` in ${labelOf(issue.path)}` : labelOf(issue.path)
    const near = typeof value === "string" ? nearest(value, issue.words) : undefined
    judge(places.value(container, last), {
      rule: issue.rule,
      message: `${label} ${issue.message}`,
      hint:
        issue.rule === "version" ? versionHint(value) : near === undefined ? undefined : `Did you mean \`${near}\`?`,
    })
  }
}

/** `{class}`, where a flow map stands whose values are null: what a placeholder becomes without quotes. */
function placeholderText(path: Path, { value: root, places }: Parsed): string | undefined {
  const last = path.at(-1)
  const container = valueAt(root, path.slice(0, -1))
  if (last === undefined || typeof container !== "object" || container === null) return undefined
  const value = (container as Record<string, unknown>)[last]
  const isOne = isPlaceholder(value) && places.entry(container, last)?.flow === true
  return isOne ? `{${Object.keys(value).join(", ")}}` : undefined
}

function judgePlaceholder(path: Path, text: string, { parsed, judge }: Court): void {
  judge(parsed.places.value(valueAt(parsed.value, path.slice(0, -1)) as object, path.at(-1) ?? ""), {
    rule: "unquoted-placeholder",
    message: `${labelOf(path)} must be text, but YAML reads ${text} as a map`,
    hint: `Put it in quotes: "${text}"`,
  })
}

function unknownKey(
  key: string,
  path: Path,
  known: readonly string[],
): { rule: string; message: string; hint?: string | undefined } {
  if (key === "matrix" && path.includes("overrides"))
    return {
      rule: "override-matrix",
      message: "an override cannot change `matrix`",
      hint: "Use `exclude` and `include` of the image's `matrix`",
    }
  if (path.at(-1) === "environment" && (key === "conda" || key === "pip"))
    return {
      rule: "not-supported",
      message: `\`${key}\` in \`environment\` is not supported yet`,
      hint: "Name a folder with a locked requirements.txt in `folders`",
    }
  if (key === "<<")
    return {
      rule: "unknown-key",
      message: "`<<` does not merge here: it is not part of YAML 1.2",
      hint: "Use `defaults`, or write the fields out",
    }
  const where = path.length === 0 ? "" : ` in \`${path.filter((part) => typeof part === "string").join(".")}\``
  return { rule: "unknown-key", message: `unknown key \`${key}\`${where}`, hint: meant(key, known) }
}

/** What helps more than quotes. */
function hintFor(path: Path): string | undefined {
  if (path.at(-1) === "skip") return "Say why it is skipped"
  if (path.at(-2) !== "budget") return undefined
  return path.at(-1) === "grow" ? "Write a share, such as 5%" : "Write a size with its unit, such as 800MB"
}

function missingHint(issue: FlatIssue): string | undefined {
  return issue.path.join(".") === "version" ? "Write `version: 1` first" : undefined
}

function versionHint(value: unknown): string | undefined {
  return value === "1" ? "Write it without quotes" : undefined
}

/** `platforms`, or `item 2 of platforms`. */
function labelOf(path: Path): string {
  const last = path.at(-1)
  if (typeof last === "string") return `\`${last}\``
  const name = path.findLast((part) => typeof part === "string")
  return `item ${Number(last) + 1} of \`${String(name)}\``
}

function positionOf(path: Path, { value, places, file }: Parsed): Position {
  const last = path.at(-1)
  if (last === undefined) return { file, line: 1, column: 1 }
  const container = valueAt(value, path.slice(0, -1))
  return typeof container === "object" && container !== null
    ? places.key(container, last)
    : { file, line: 1, column: 1 }
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "number" || typeof value === "boolean"
}

/** What `{class}` becomes without quotes: a map whose values are null. */
function isPlaceholder(value: unknown): value is Record<string, null> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const values = Object.values(value)
  return values.length > 0 && values.every((one) => one === null)
}
