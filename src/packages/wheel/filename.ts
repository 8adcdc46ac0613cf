/** The parts of a wheel's file name. https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention */
export type WheelName = {
  readonly filename: string
  /** As in the file name, not normalised. */
  readonly distribution: string
  readonly version: string
  /** A number, and what follows it. */
  readonly build: readonly [number, string] | undefined
  /** Each `python-abi-platform`, all combinations of the compressed sets. */
  readonly tags: readonly string[]
}

/** Reads a wheel's file name; undefined when it is none. */
export function parseWheelName(filename: string): WheelName | undefined {
  if (!filename.endsWith(".whl") || /[/\\\s]/.test(filename)) return undefined
  const parts = filename.slice(0, -4).split("-")
  if (parts.length !== 5 && parts.length !== 6) return undefined
  if (parts.some((part) => part === "")) return undefined
  const [distribution = "", version = ""] = parts
  const [python = "", abi = "", platform = ""] = parts.slice(-3)
  const build = parts.length === 6 ? /^(\d{1,15})(.*)$/.exec(parts[2] ?? "") : undefined
  if (build === null || !/^[A-Za-z0-9](?:[\w.]*[A-Za-z0-9])?$/.test(distribution)) return undefined
  const sets = [python, abi, platform].map((set) => set.split("."))
  if (sets.reduce((product, set) => product * set.length, 1) > 1_000) return undefined
  const [pythons = [], abis = [], platforms = []] = sets
  const tags = pythons.flatMap((p) => abis.flatMap((a) => platforms.map((l) => `${p}-${a}-${l}`)))
  return {
    filename,
    distribution,
    version: decodeURIComponentSafely(version),
    build: build === undefined ? undefined : [Number(build[1]), build[2] ?? ""],
    tags,
  }
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A project's name as PEP 503 compares it. */
export function normalName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase()
}
