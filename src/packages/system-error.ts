/** An error of the operating system as plain data: what a thread can say to another. */
export type SystemFacts = {
  readonly kind: "system"
  /** Such as `ENOSPC`. */
  readonly code: string
  readonly message: string
  readonly syscall: string | undefined
  readonly path: string | undefined
}

/**
 * What an error of the operating system says; undefined for any other.
 *
 * @param written where something was written, for errors of open files, which do not know their path
 */
export function systemFacts(error: unknown, written?: string): SystemFacts | undefined {
  if (!(error instanceof Error) || !("syscall" in error)) return undefined
  const { code, message, syscall, path = syscall === "write" ? written : undefined } = error as NodeJS.ErrnoException
  return code === undefined ? undefined : { kind: "system", code, message, syscall, path }
}

/** The error again, in the other thread. */
export function systemError({ code, message, syscall, path }: SystemFacts): Error {
  return Object.assign(new Error(message), {
    code,
    ...(syscall === undefined ? {} : { syscall }),
    ...(path === undefined ? {} : { path }),
  })
}
