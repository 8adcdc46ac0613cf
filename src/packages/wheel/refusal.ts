import { Failure } from "../../failure.ts"

/** Says in one sentence why a wheel cannot be used; its file name comes first. */
export type Refuse = (why: string, cause?: unknown) => Failure

/** The refusals of one wheel. */
export function refusals(filename: string): Refuse {
  return (why, cause) =>
    new Failure("no", `Cannot use ${filename}: ${why}`, {
      hint: "A wheel is used as it was published or not at all: pin another version, or ask its publisher",
      ...(cause === undefined ? {} : { cause }),
    })
}

/** A name as it can stand in a sentence: cut, with control characters made visible. */
export function shown(name: string): string {
  const text = JSON.stringify(name).slice(1, -1)
  return `\`${text.length > 120 ? `${text.slice(0, 117)}…` : text}\``
}
