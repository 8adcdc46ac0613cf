import { satisfies, valid } from "@renovatebot/pep440"
import { normaliseName } from "./names.ts"
import {
  parseMarker,
  type Marker,
  type MarkerOperand,
  type MarkerOperator,
  type MarkerVariable,
} from "./marker-syntax.ts"

/** What markers are judged against: an interpreter on a platform. `extra` is empty for a requirement that was asked for itself. */
export type MarkerEnvironment = Readonly<Record<MarkerVariable, string>>

/** Variables that hold versions: they are compared as PEP 440 says, others as text. */
const versions: ReadonlySet<MarkerVariable> = new Set([
  "python_version",
  "python_full_version",
  "implementation_version",
])

/**
 * Whether a requirement with this marker is wanted in an environment; one without a marker always is. A marker that
 * cannot be parsed is a bug of ours: readers refuse it before.
 */
export function markerHolds(marker: string | undefined, environment: MarkerEnvironment): boolean {
  if (marker === undefined) return true
  const parsed = parseMarker(marker)
  if (parsed === undefined) throw new Error(`not a marker: ${marker}`)
  return holds(parsed, environment)
}

/**
 * The environment of CPython on Linux.
 *
 * @param python its version, with the patch where known: `3.11.2`
 * @param machine as `uname -m` says: `x86_64`, `aarch64`
 */
export function linuxEnvironment(python: string, machine: string): MarkerEnvironment {
  const [major = "3", minor = "0", patch = "0"] = python.split(".")
  const full = `${major}.${minor}.${patch}`
  return {
    python_version: `${major}.${minor}`,
    python_full_version: full,
    os_name: "posix",
    sys_platform: "linux",
    platform_release: "",
    platform_system: "Linux",
    platform_version: "",
    platform_machine: machine,
    platform_python_implementation: "CPython",
    implementation_name: "cpython",
    implementation_version: full,
    extra: "",
  }
}

function holds(marker: Marker, environment: MarkerEnvironment): boolean {
  if (marker.kind !== "compare")
    return marker.kind === "and"
      ? holds(marker.left, environment) && holds(marker.right, environment)
      : holds(marker.left, environment) || holds(marker.right, environment)
  const { left, operator, right } = marker
  const texts = [valueOf(left, environment), valueOf(right, environment)] as const
  if (isVersion(left)) return compareVersions(texts[0], operator, texts[1])
  if (isVersion(right)) return compareVersions(texts[1], mirrored[operator], texts[0])
  const extras = isExtra(left) || isExtra(right)
  const [a, b] = extras ? texts.map(normaliseName) : texts
  return textComparisons[operator](a ?? "", b ?? "")
}

/** The same comparison with its sides exchanged. */
const mirrored: Readonly<Record<MarkerOperator, MarkerOperator>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
  "===": "===",
  "~=": "~=",
  in: "in",
  "not in": "not in",
}

function isVersion(operand: MarkerOperand): boolean {
  return operand.kind === "variable" && versions.has(operand.name)
}

function isExtra(operand: MarkerOperand): boolean {
  return operand.kind === "variable" && operand.name === "extra"
}

function valueOf(operand: MarkerOperand, environment: MarkerEnvironment): string {
  return operand.kind === "text" ? operand.text : environment[operand.name]
}

/** Versions, where both sides are some; `3.8 3.9` after `in` is a list of them, as Poetry writes. */
function compareVersions(version: string, operator: MarkerOperator, text: string): boolean {
  if (operator === "in" || operator === "not in") {
    const listed = text
      .split(/[\s,|]+/)
      .some((one) => valid(one) !== null && satisfies(version, `==${one}`, { prereleases: true }))
    return listed === (operator === "in")
  }
  const wildcard = text.endsWith(".*") && (operator === "==" || operator === "!=")
  if (valid(wildcard ? text.slice(0, -2) : text) === null) return textComparisons[operator](version, text)
  return satisfies(version, `${operator}${text}`, { prereleases: true })
}

const textComparisons: Readonly<Record<MarkerOperator, (left: string, right: string) => boolean>> = {
  "==": (left, right) => left === right,
  "===": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  in: (left, right) => right.includes(left),
  "not in": (left, right) => !right.includes(left),
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "~=": (left, right) => left >= right,
}
