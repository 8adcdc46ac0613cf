import { shown, type Refuse } from "./refusal.ts"

/** A command that a wheel wants: `name = module:attribute`. */
export type EntryPoint = { readonly name: string; readonly module: string; readonly attribute: string }

/** Of 753 real wheels none has more than 70. */
const mostCommands = 5_000

const identifier = /^[\p{ID_Start}_][\p{ID_Continue}]*(?:\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u

/** A file name that would stand for the interpreter itself. */
export function isInterpreterName(name: string): boolean {
  return /^(?:python|pypy|graalpy)w?(?:\d+(?:\.\d+)*[dmtu]*)?(?:\.exe)?$/i.test(name)
}

/**
 * The commands of `entry_points.txt`: sections `console_scripts` and `gui_scripts` of a case-sensitive INI file
 * with `=` only. Extras behind the value are ignored. Sorted by name; of two with one name the last counts.
 * https://packaging.python.org/en/latest/specifications/entry-points/
 */
export function parseEntryPoints(text: string, refuse: Refuse): EntryPoint[] {
  const found = new Map<string, EntryPoint>()
  let section = ""
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue
    const heading = /^\[(.*)\]$/.exec(line)
    if (heading !== null) {
      section = heading[1] ?? ""
      continue
    }
    if (section !== "console_scripts" && section !== "gui_scripts") continue
    const equals = line.indexOf("=")
    if (equals === -1) throw refuse(`its entry_points.txt has a line without \`=\`: ${shown(line)}`)
    const point = readPoint(line.slice(0, equals).trim(), line.slice(equals + 1).trim(), refuse)
    found.set(point.name, point)
    if (found.size > mostCommands) throw refuse(`its entry_points.txt has more than ${mostCommands} commands`)
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function readPoint(name: string, value: string, refuse: Refuse): EntryPoint {
  // oxlint-disable-next-line no-control-regex
  const isFileName = !/^\.{0,2}$|^\.wh\.|[/\\\u0000-\u001f\u007f]/.test(name) && Buffer.byteLength(name) <= 255
  if (!isFileName) {
    throw refuse(`its entry point ${shown(name)} is no file name`)
  }
  if (isInterpreterName(name)) throw refuse(`its entry point ${shown(name)} would replace the interpreter`)
  const match = /^([^:\s]+)\s*:\s*([^:\s[]+)\s*(?:\[[^\]]*\])?$/.exec(value)
  const [, module = "", attribute = ""] = match ?? []
  if (!identifier.test(module) || !identifier.test(attribute)) {
    throw refuse(`its entry point ${shown(name)} names no function: ${shown(value)}`)
  }
  return { name, module, attribute }
}

/**
 * pip's own commands are named after the Python that they are for, whatever the wheel was built with: `pip`, `pip3`
 * and `pip3.11`; `easy_install` and `easy_install-3.11`. pip and uv do so too. `python` is major and minor.
 */
export function versionedCommands(points: readonly EntryPoint[], python: string): EntryPoint[] {
  const [major = ""] = python.split(".")
  const pip = points.find((point) => point.name === "pip")
  const easy = points.find((point) => point.name === "easy_install")
  const others = points.filter(
    ({ name }) =>
      !(pip !== undefined && /^pip(?:\d+(?:\.\d+)?)?$/.test(name)) &&
      !(easy !== undefined && /^easy_install(?:-\d+\.\d+)?$/.test(name)),
  )
  const named = (point: EntryPoint | undefined, names: readonly string[]): EntryPoint[] =>
    point === undefined ? [] : names.map((name) => ({ ...point, name }))
  return [
    ...others,
    ...named(pip, ["pip", `pip${major}`, `pip${python}`]),
    ...named(easy, ["easy_install", `easy_install-${python}`]),
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
}
