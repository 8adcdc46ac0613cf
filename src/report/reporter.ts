import type { Report } from "./event.ts"

/** Listens until it is disposed. */
export type Reporter = AsyncDisposable & { readonly report: Report }

/** Several reporters as one. */
export function together(reporters: readonly Reporter[]): Reporter {
  return {
    report: (event) => {
      for (const { report } of reporters) report(event)
    },
    async [Symbol.asyncDispose]() {
      for (const reporter of reporters) await reporter[Symbol.asyncDispose]()
    },
  }
}
