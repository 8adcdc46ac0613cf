import type { Requirement } from "../tree/step.ts"
import { markerText, parseMarker } from "./marker-syntax.ts"
import { cleanVersion, normaliseName } from "./names.ts"
import { readWheelUrl, wheelHint, withoutLogins } from "./requirement-url.ts"

/** Why a requirement is not taken, and what to do. */
export type Refused = { readonly message: string; readonly hint?: string }

/** What makes a file of pins and hashes out of a list of wishes. */
const compileHint = (file: string): string => {
  const input = file.endsWith(".txt") ? `${file.slice(0, -4)}.in` : `${file}.in`
  return `Keep what you want in ${input} and run \`uv pip compile --generate-hashes ${input} -o ${file}\``
}

const shape = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$/s
const extraShape = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/
const hashShape = /\s--hash(?:=|\s+)(\S+)/g

/**
 * One logical line of a requirements file as a pin: `name[extra]==1.2 ; marker --hash=sha256:…`, or a wheel by its URL,
 * `name[extra] @ https://… ; marker --hash=sha256:…`. Everything that is not pinned to one version and to hashes is
 * refused with a sentence.
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export function readRequirement(line: string, file: string): Requirement | Refused {
  const [text, given] = splitOptions(line)
  const foreign = given.replaceAll(hashShape, "").trim()
  if (foreign !== "")
    return {
      message: `\`${foreign.split(/[\s=]/)[0]}\` is not understood`,
      hint: "Only --hash may follow a requirement",
    }
  const [, name, extras = "", rest = ""] = shape.exec(text) ?? []
  if (name === undefined || /^[\w+.-]*:\/\//.test(text) || /^\.{0,2}\//.test(text)) return unnamed(text)
  const { specifier, marker, url } = parts(rest)
  const wheel = url === undefined ? undefined : readWheelUrl(name, url)
  if (wheel !== undefined && "message" in wheel) return wheel
  if (specifier !== "" && (url !== undefined || !/^[<>=!~]/.test(specifier))) return unnamed(text)
  const version = /^===?\s*([^\s,*]+)$/.exec(specifier)?.[1]
  const plain = wheel?.version ?? (version === undefined ? null : cleanVersion(version))
  if (plain === null) return { message: `${name} is not pinned to one version`, hint: compileHint(file) }
  const parsed = marker === undefined ? undefined : parseMarker(marker)
  if (marker !== undefined && parsed === undefined) return { message: `\`${marker}\` is not an environment marker` }
  const wanted = extras.split(",").map((one) => one.trim())
  const bad = extras.trim() === "" ? undefined : wanted.find((one) => !extraShape.test(one))
  if (bad !== undefined) return { message: `\`${bad}\` is not the name of an extra` }
  const hashes = hashesOf(given, wheel?.hash)
  if (!Array.isArray(hashes)) return hashes
  if (hashes.length === 0) return { message: `${name} has no hash`, hint: compileHint(file) }
  if (wheel !== undefined && hashes.length > 1)
    return { message: `${name} has several hashes, and its URL has one file`, hint: compileHint(file) }
  return {
    name: normaliseName(name),
    version: plain,
    ...(wheel === undefined ? {} : { url: wheel.url }),
    extras: extras.trim() === "" ? [] : [...new Set(wanted.map(normaliseName))].sort(),
    ...(parsed === undefined ? {} : { marker: markerText(parsed) }),
    hashes,
  }
}

/** What follows a name and its extras: a specifier or a URL, and a marker. A URL ends at white space. */
function parts(rest: string): { readonly specifier: string; readonly marker?: string; readonly url?: string } {
  const [, url = "", after = ""] = /^@\s*(\S*)\s*(.*)$/s.exec(rest) ?? []
  const text = url === "" ? rest : after
  const semicolon = text.indexOf(";")
  const specifier = (semicolon === -1 ? text : text.slice(0, semicolon))
    .trim()
    .replace(/^\((.*)\)$/, "$1")
    .trim()
  return {
    specifier,
    ...(url === "" ? {} : { url }),
    ...(semicolon === -1
      ? {}
      : {
          marker: text
            .slice(semicolon + 1)
            .trim()
            .replaceAll(/\s+/g, " "),
        }),
  }
}

function unnamed(text: string): Refused {
  const safe = withoutLogins(text)
  const short = safe.length > 60 ? `${safe.slice(0, 57)}...` : safe
  if (/^https?:\/\/.*\.whl(?:#.*)?$/i.test(text))
    return { message: `\`${short}\` has no name`, hint: "Write `name @ URL`, and the hash of the wheel behind it" }
  return /^(?:[\w+.-]+:\/\/|\.{0,2}\/|git@)/.test(text) || /\.(?:whl|zip|tar\.gz)$/.test(text)
    ? { message: `\`${short}\` is a file or a URL`, hint: wheelHint }
    : { message: `\`${short}\` is not a requirement` }
}

function splitOptions(line: string): [string, string] {
  const at = line.search(/\s--?[A-Za-z]/)
  return at === -1 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at)]
}

/** The hashes that are given, and the one in a URL. */
function hashesOf(given: string, inUrl: string | undefined): string[] | Refused {
  const hashes = new Set(inUrl === undefined ? [] : [inUrl])
  for (const [, written = ""] of given.matchAll(hashShape)) {
    const hash = written.replace(/^(["'])(.*)\1$/, "$2")
    const [algorithm = "", hex = ""] = hash.split(":", 2)
    if (algorithm === "sha256" && /^[0-9a-fA-F]{64}$/.test(hex)) hashes.add(`sha256:${hex.toLowerCase()}`)
    else if (!["sha384", "sha512"].includes(algorithm) || !/^[0-9a-fA-F]+$/.test(hex))
      return { message: `\`${hash}\` is not a sha256 hash` }
  }
  if (hashes.size === 0 && given.trim() !== "") return { message: "only sha256 hashes can be used, and there is none" }
  return [...hashes].sort()
}
