import { InvalidArgumentError, type CommandUnknownOpts } from "@commander-js/extra-typings"

/** Collects an option that may be given several times, or with commas. */
export function several(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...value.split(",").filter((part) => part !== "")]
}

/** A whole number written with digits alone: no sign, no space, no other base. */
function digits(value: string): number | undefined {
  const number = /^\d+$/.test(value) ? Number(value) : undefined
  return Number.isSafeInteger(number) ? number : undefined
}

/** A positive whole number. */
export function positive(value: string): number {
  const number = digits(value)
  if (number !== undefined && number > 0) return number
  throw new InvalidArgumentError(`\`${value}\` is not a positive whole number`)
}

/** Whole days, from 1. */
export function days(value: string): number {
  const number = digits(value)
  if (number !== undefined && number > 0) return number
  throw new InvalidArgumentError(`\`${value}\` is not a whole number of days from 1`)
}

/** A TCP port, 0 for any free one. */
export function port(value: string): number {
  const number = digits(value)
  if (number !== undefined && number <= 65_535) return number
  throw new InvalidArgumentError(`\`${value}\` is not a port (0 to 65535)`)
}

export const texts = {
  only: "only this row or image, and what it is built on (repeatable)",
  except: "not this row or image, nor what is built on it (repeatable)",
  image: "a row of the tree, or an image with its registry: host/repository:tag",
  platform: "only this platform, such as linux/amd64",
  registry: "use this registry instead of the one in nbstacks.yaml; a path is an OCI layout",
  offline: "ask no registry: the local store alone",
  json: "print one JSON document on stdout",
  events: "append every event to a file, a JSON document a line",
  jobs: "rows at work at once",
  runtime: "run images with docker, podman or bubblewrap (default: the first that works)",
} as const

/** Examples below the options of a command's help. */
export function examples(command: CommandUnknownOpts, lines: readonly (readonly [string, string])[]): void {
  const width = Math.max(...lines.map(([line]) => line.length))
  const text = lines.map(([line, what]) => `  $ ${line.padEnd(width)}  ${what}`).join("\n")
  command.addHelpText("before", `Examples:\n${text}\n`)
}
