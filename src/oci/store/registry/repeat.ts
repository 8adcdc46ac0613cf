import { Failure, isFailure } from "../../../failure.ts"
import type { Headers } from "../../../host/http.ts"
import { patience, retryAfter } from "./backoff.ts"
import type { Context } from "./context.ts"
import { networkFailure } from "./failures.ts"
import { pause } from "./pause.ts"

/** Failures after which another try may succeed, with the headers that may say when. */
const retryable = new WeakMap<Failure, Headers>()

/** Marks a failure, so that whoever repeats the try that throws it tries again, as `Retry-After` of the headers says. */
export function tryAgain(failure: Failure, headers: Headers = {}): Failure {
  retryable.set(failure, headers)
  return failure
}

/**
 * Tries something until it succeeds, a bounded number of times, pausing longer each time and as long as the registry
 * asks for. Broken connections and what `tryAgain` marked are tried again; every other error comes through. An abort ends it with
 * the signal's reason. `doing` completes “Cannot …”.
 */
export async function repeat<T>(
  context: Context,
  { doing }: { readonly doing: string },
  attempt: () => Promise<T>,
): Promise<T> {
  const { endpoint, host, signal } = context
  for (let tried = 1; ; tried += 1) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      const headers = isFailure(error) ? retryable.get(error) : undefined
      const problem = headers === undefined ? networkFailure(endpoint, doing, error) : undefined
      if (headers === undefined && problem === undefined) throw error
      const failure = problem?.failure ?? (error as Failure)
      const most = { yes: patience.tries, few: patience.refusedTries, no: 1 }[problem?.again ?? "yes"]
      // What was tried often enough here is not for somebody further up to try again.
      retryable.delete(failure)
      if (tried >= most) throw failure
      const asked = headers === undefined ? undefined : retryAfter(headers, host.now())
      if (asked !== undefined && asked > patience.longestAsked) {
        throw new Failure("temporary", failure.message, {
          hint: `The registry asks to wait ${Math.ceil(asked / 1000)} s`,
          cause: failure,
        })
      }
      await pause(context, tried - 1, asked)
    }
  }
}
