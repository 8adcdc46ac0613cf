import type { z } from "zod"

export type Path = readonly (string | number)[]

/** One thing that the schema found, unions resolved to the form that was meant. */
export type FlatIssue = {
  readonly kind: "value" | "key" | "unknown-keys"
  readonly path: Path
  readonly rule: string
  readonly message: string
  /** Unknown keys. */
  readonly keys: readonly string[]
  /** Words that are allowed here. */
  readonly words: readonly string[]
  /** Text is one of the forms allowed here. */
  readonly expectsText: boolean
}

type Issue = z.core.$ZodIssue

/** Flat issues, each at the deepest place that is known to be wrong. */
export function flattenIssues(issues: readonly Issue[], root: unknown, base: Path = []): readonly FlatIssue[] {
  return issues.flatMap((issue) => flatten(issue, root, base))
}

function flatten(issue: Issue, root: unknown, base: Path): readonly FlatIssue[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))]
  if (issue.code === "invalid_union") {
    const meantForm = issue.errors
      .filter((form) => !form.some((one) => isTypeAtRoot(one)))
      .toSorted((a, b) => a.length - b.length)[0]
    if (meantForm !== undefined) return flattenIssues(meantForm, root, path)
    const expectsText = issue.errors.some((form) =>
      form.some((one) => isTypeAtRoot(one) && one.code === "invalid_type" && one.expected === "string"),
    )
    return [{ ...said(issue.message), kind: "value", path, keys: [], words: [], expectsText }]
  }
  if (issue.code === "unrecognized_keys")
    return [
      { kind: "unknown-keys", path, rule: "unknown-key", message: "", keys: issue.keys, words: [], expectsText: false },
    ]
  if (issue.code === "invalid_key")
    return [
      {
        ...said(issue.issues[0]?.message ?? issue.message),
        kind: "key",
        path,
        keys: [],
        words: [],
        expectsText: false,
      },
    ]
  const words = issue.code === "invalid_value" ? issue.values.filter((value) => typeof value === "string") : []
  const expectsText = (issue.code === "invalid_type" && issue.expected === "string") || words.length > 0
  return [{ ...said(issue.message), kind: "value", path, keys: [], words, expectsText }]
}

function isTypeAtRoot(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_union")
}

/** A message of the schema is `rule: sentence`. */
function said(message: string): { readonly rule: string; readonly message: string } {
  const colon = message.indexOf(": ")
  return colon === -1
    ? { rule: "wrong-type", message }
    : { rule: message.slice(0, colon), message: message.slice(colon + 2) }
}

/** The part of a value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let here = root
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined
    here = (here as Record<string, unknown>)[part]
  }
  return here
}
