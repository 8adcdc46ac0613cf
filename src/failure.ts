/**
 * What went wrong, by who can do something about it. Decides the exit code.
 *
 * - `no`: the command ran and the answer is no (a build or a check failed)
 * - `cannot`: it could not run (flags, configuration, this machine)
 * - `temporary`: try again (a registry is down)
 * - `credentials`: somebody has to log in
 */
export type FailureCode = "no" | "cannot" | "temporary" | "credentials"

/** Exit code of each kind of failure; 70 is our own bug, 130 an interruption. */
export const exitCodes: Readonly<Record<FailureCode, number>> = {
  no: 1,
  cannot: 2,
  temporary: 3,
  credentials: 4,
}

export type FailureOptions = {
  /** One sentence: what to do next. Backticks around commands. */
  readonly hint?: string
  /** What caused it; printed as `caused by:` below the sentence. */
  readonly cause?: unknown
  /** Lines printed under the sentence as they are: a source line, the end of a log. */
  readonly detail?: string
}

/**
 * The one error class for what is expected to go wrong. A plain `Error` is a bug of ours.
 *
 * @example throw new Failure("cannot", "Cannot read nbstacks.yaml", { hint: "Run `nbstacks init`" })
 */
export class Failure extends Error {
  override readonly name = "Failure"
  readonly code: FailureCode
  readonly hint: string | undefined
  readonly detail: string | undefined

  constructor(code: FailureCode, sentence: string, options: FailureOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.detail = options.detail
  }
}

/** True for a `Failure`, false for anything else, such as a bug. */
export function isFailure(error: unknown): error is Failure {
  return error instanceof Failure
}
