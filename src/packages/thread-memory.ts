import { Failure } from "../failure.ts"
import { ranOutOfMemory } from "../threads/start.ts"

/**
 * Why a worker thread ended, as who asked it for something is told: a `Failure` with `no` that says what it worked on
 * where that took more memory than a thread may have, else the error as it is. `what` is the begin of a sentence.
 */
export function threadFailure(error: unknown, what: string): unknown {
  if (!ranOutOfMemory(error)) return error
  return new Failure("no", `${what} takes more memory than a thread may have`, {
    cause: error,
    hint: "A wheel lists very many files, or very long names: pin another version of its package, or ask its publisher",
  })
}

/** Wheels by their file names: the first, and how many more. */
export function namesOf(filenames: readonly string[]): string {
  const [first = "nothing", ...more] = filenames
  return more.length === 0 ? first : `${first} and ${more.length} more`
}
