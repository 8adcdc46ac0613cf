import { compare as comparePython, valid } from "@renovatebot/pep440"
import type { Ecosystem } from "../inventory/item.ts"
import { compareRpm } from "./rpm-versions.ts"

/** Below 0 where the first version comes before the second one, by the rules of their package manager; 0 where they are one. */
export function compareVersions(ecosystem: Ecosystem, a: string, b: string): number {
  if (ecosystem === "pypi" && valid(a) !== null && valid(b) !== null) return comparePython(a, b)
  if (ecosystem === "rpm") return compareRpm(a, b)
  // A hyphen begins a pre-release there: https://semver.org/#spec-item-11
  if (ecosystem === "npm") return compareDebian(preRelease(a), preRelease(b))
  // R's hyphen is one more point.
  if (ecosystem === "cran") return compareDebian(a.replaceAll("-", "."), b.replaceAll("-", "."))
  return compareDebian(a, b)
}

function preRelease(version: string): string {
  return version.replace(/\+.*/, "").replace("-", "~")
}

/** Debian's rules, which order the versions of most others too. https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
function compareDebian(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)]
  return (
    first.epoch - second.epoch ||
    compareParts(first.upstream, second.upstream) ||
    compareParts(first.revision, second.revision)
  )
}

function partsOf(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const epoch = /^(\d{1,9}):/.exec(version)?.[1]
  const rest = epoch === undefined ? version : version.slice(epoch.length + 1)
  const hyphen = rest.lastIndexOf("-")
  return {
    epoch: Number(epoch ?? 0),
    upstream: hyphen === -1 ? rest : rest.slice(0, hyphen),
    revision: hyphen === -1 ? "0" : rest.slice(hyphen + 1),
  }
}

/** Text and numbers in turn: in text a tilde comes before the end, and letters before all else. */
function compareParts(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== "" || right !== "") {
    const [text, other] = [left, right].map((part) => /^\D*/.exec(part)?.[0] ?? "") as [string, string]
    for (let at = 0; at < Math.max(text.length, other.length); at++) {
      const difference = weight(text[at]) - weight(other[at])
      if (difference !== 0) return difference
    }
    left = left.slice(text.length)
    right = right.slice(other.length)
    const [digits, others] = [left, right].map((part) => /^\d*/.exec(part)?.[0] ?? "") as [string, string]
    const [number, second] = [digits.replace(/^0+/, ""), others.replace(/^0+/, "")]
    if (number.length !== second.length) return number.length - second.length
    if (number !== second) return number < second ? -1 : 1
    left = left.slice(digits.length)
    right = right.slice(others.length)
  }
  return 0
}

function weight(character: string | undefined): number {
  if (character === "~") return -1
  if (character === undefined) return 0
  const code = character.codePointAt(0) ?? 0
  return /[A-Za-z]/.test(character) ? code : code + 65_536
}
