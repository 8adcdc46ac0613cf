import { Failure, isFailure, type FailureCode } from "../failure.ts"

/** An error of the operating system as plain data. */
type SystemFacts = {
  readonly kind: "system"
  /** Such as `ENOSPC`. */
  readonly code: string
  readonly message: string
  readonly syscall: string | undefined
  readonly path: string | undefined
}

/** What went wrong in a thread, as plain data: what a thread can say to another. */
export type Problem =
  | {
      readonly kind: "failure"
      readonly code: FailureCode
      readonly sentence: string
      readonly hint: string | undefined
      /** What the failure's cause says. */
      readonly detail: string | undefined
    }
  | SystemFacts
  | { readonly kind: "bug"; readonly message: string }

/**
 * An error as another thread can be told it.
 *
 * @param written where something was written, for errors of open files, which do not know their path
 */
export function problemOf(error: unknown, written?: string): Problem {
  if (isFailure(error)) {
    const detail = error.cause instanceof Error ? error.cause.message : undefined
    return { kind: "failure", code: error.code, sentence: error.message, hint: error.hint, detail }
  }
  return (
    systemFacts(error, written) ?? {
      kind: "bug",
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  )
}

/** The error again, in the other thread. */
export function problemError(problem: Problem): Error {
  if (problem.kind === "bug") return new Error(problem.message)
  if (problem.kind === "system") return systemError(problem)
  const { code, sentence, hint, detail } = problem
  return new Failure(code, sentence, {
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { cause: new Error(detail) }),
  })
}

/** What an error of the operating system says; undefined for any other. */
function systemFacts(error: unknown, written: string | undefined): SystemFacts | undefined {
  if (!(error instanceof Error) || !("syscall" in error)) return undefined
  const { code, message, syscall, path = syscall === "write" ? written : undefined } = error as NodeJS.ErrnoException
  return code === undefined ? undefined : { kind: "system", code, message, syscall, path }
}

function systemError({ code, message, syscall, path }: SystemFacts): Error {
  return Object.assign(new Error(message), {
    code,
    ...(syscall === undefined ? {} : { syscall }),
    ...(path === undefined ? {} : { path }),
  })
}
