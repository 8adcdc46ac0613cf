import { Failure } from "../../failure.ts"
import type { Versioned } from "./names.ts"

/**
 * Why mmdebstrap failed, from its last lines: versions that the mirrors no longer have, mirrors that do not answer,
 * or something else, with those lines. `name` is the row.
 */
export function bootstrapFailure(
  name: string,
  { locked, tail }: { readonly locked: readonly Versioned[]; readonly tail: readonly string[] },
): Failure {
  const versions = new Map(locked.map((one) => [one.name, one.version]))
  const gone = [...new Set(tail.flatMap((line) => goneIn(line)))].filter((one) => versions.has(one)).sort()
  if (gone.length > 0)
    return goneFailure(
      name,
      gone.map((one) => ({ name: one, version: versions.get(one) ?? "" })),
    )
  const detail = tail.slice(-25).join("\n")
  if (tail.some((line) => /^E: (?:Failed to fetch|Unable to fetch|.*Could not (?:resolve|connect))/.test(line)))
    return new Failure("temporary", `Cannot build \`${name}\`: the Debian mirrors of this machine do not answer`, {
      detail,
      hint: "Run the command again",
    })
  return new Failure("no", `mmdebstrap could not build \`${name}\``, {
    detail,
    hint: "The lines above are its last: correct what they name, or run `nbstacks doctor`",
  })
}

/** Locked versions that no mirror of this machine has any longer. */
export function goneFailure(name: string, gone: readonly Versioned[]): Failure {
  const list = gone.map((one) => `${one.name} ${one.version}`).join(", ")
  return new Failure("no", `Cannot build \`${name}\`: the Debian mirrors no longer have ${list}`, {
    hint: "Mirrors drop old versions: run `nbstacks lock --upgrade` to take those that they have now",
  })
}

function goneIn(line: string): readonly string[] {
  const match =
    /Version '[^']*' for '([^':]+)(?::[^']*)?' was not found/.exec(line) ??
    /Unable to locate package ([^\s:]+)/.exec(line) ??
    /Package '([^':]+)(?::[^']*)?' has no installation candidate/.exec(line)
  return match?.[1] === undefined ? [] : [match[1]]
}
