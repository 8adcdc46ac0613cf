import { Failure, isFailure } from "../../../failure.ts"
import type { Headers } from "../../../host/http.ts"
import { patience, retryAfter } from "./backoff.ts"
import type { Context } from "./context.ts"
import { networkFailure } from "./failures.ts"
import { pause } from "./pause.ts"

/** What a try throws when another one may succeed; `headers` may say when. */
export class TryAgain extends Error {
  readonly failure: Failure
  readonly headers: Headers

  constructor(failure: Failure, headers: Headers = {}) {
    super(failure.message)
    this.failure = failure
    this.headers = headers
  }
}

/**
 * Tries something until it succeeds, a bounded number of times, pausing longer each time and as long as the registry
 * asks for. Broken connections and `TryAgain` are tried again; every other error comes through. An abort ends it with
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
      const problem = judge(error, networkFailure(endpoint, doing, error))
      if (problem.again === "no" || tried >= (problem.again === "few" ? patience.refusedTries : patience.tries)) {
        throw problem.failure
      }
      const asked = error instanceof TryAgain ? retryAfter(error.headers, host.now()) : undefined
      if (asked !== undefined && asked > patience.longestAsked) {
        throw new Failure("temporary", problem.failure.message, {
          hint: `The registry asks to wait ${Math.ceil(asked / 1000)} s`,
          cause: problem.failure,
        })
      }
      await pause(context, tried - 1, asked)
    }
  }
}

function judge(
  error: unknown,
  network: ReturnType<typeof networkFailure>,
):
  | { readonly failure: unknown; readonly again: "no" }
  | { readonly failure: Failure; readonly again: "yes" | "few" | "no" } {
  if (error instanceof TryAgain) return { failure: error.failure, again: "yes" }
  if (isFailure(error) || network === undefined) return { failure: error, again: "no" }
  return network
}
