import { satisfies, validRange } from "@renovatebot/pep440"
import type { WheelName } from "../wheel/filename.ts"
import { machineOf, supportedTags, type TagTarget } from "./supported.ts"

/** A file that could be installed. */
export type Choice = {
  readonly name: WheelName
  /** A version specifier; the file is for these Pythons only. */
  readonly requiresPython?: string | undefined
}

/** The rank of a wheel's best tag, or undefined when none is supported. */
function rankOf(wheel: WheelName, supported: ReadonlyMap<string, number>): number | undefined {
  const ranks = wheel.tags.flatMap((tag) => supported.get(tag) ?? [])
  return ranks.length === 0 ? undefined : Math.min(...ranks)
}

/** The file that fits best: by tag, then the higher build number, then by name. Undefined when none fits. */
export function chooseWheel<T extends Choice>(choices: readonly T[], target: TagTarget): T | undefined {
  const supported = supportedTags(target)
  const fitting = choices.flatMap((choice) => {
    const rank = rankOf(choice.name, supported)
    return rank === undefined || !takesPython(choice.requiresPython, target.python) ? [] : [{ choice, rank }]
  })
  fitting.sort(
    (a, b) =>
      a.rank - b.rank ||
      byBuild(b.choice.name, a.choice.name) ||
      (a.choice.name.filename < b.choice.name.filename ? -1 : 1),
  )
  return fitting[0]?.choice
}

function byBuild(a: WheelName, b: WheelName): number {
  const [number = -1, text = ""] = a.build ?? []
  const [other = -1, otherText = ""] = b.build ?? []
  return number - other || (text === otherText ? 0 : text < otherText ? -1 : 1)
}

/** True unless the specifier excludes this Python. One that cannot be read excludes nothing, as in pip. */
export function takesPython(specifier: string | undefined, python: string): boolean {
  if (specifier === undefined || specifier.trim() === "") return true
  const [major = "3", minor = "0", patch = "99"] = python.split(".")
  // Where only the minor version is known a lower bound within it, such as `>=3.9.1`, is taken to hold.
  return !validRange(specifier) || satisfies(`${major}.${minor}.${patch}`, specifier)
}

/** Why a wheel does not fit, in a few words. */
export function whyNot(choice: Choice, target: TagTarget): string {
  if (!takesPython(choice.requiresPython, target.python)) return `wants Python ${choice.requiresPython}`
  const { tags } = choice.name
  const machine = machineOf(target.platform)
  const withoutPlatform = new Set(
    [...supportedTags({ ...target, glibc: "2.999", musl: undefined }).keys()].map(pythonAndAbi),
  )
  if (!tags.some((tag) => withoutPlatform.has(pythonAndAbi(tag)))) {
    return `is for ${[...new Set(tags.map(pythonAndAbi))].join(", ")}`
  }
  const platforms = [...new Set(tags.map((tag) => tag.split("-")[2] ?? ""))]
  const needed = platforms.flatMap((platform) => libraryOf(platform, machine) ?? [])
  if (needed.length > 0) return `needs ${needed.join(" or ")}`
  return `is for ${platforms.join(", ")}`
}

function pythonAndAbi(tag: string): string {
  return tag.split("-").slice(0, 2).join("-")
}

/** The C library that a platform tag of this machine is for. */
function libraryOf(platform: string, machine: string | undefined): string | undefined {
  const match = /^(many|musl)linux_(\d+)_(\d+)_(.+)$/.exec(platform)
  if (match === null || match[4] !== machine) return undefined
  return `${match[1] === "many" ? "glibc" : "musl"} ${match[2]}.${match[3]}`
}
