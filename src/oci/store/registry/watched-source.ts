import { Failure } from "../../../failure.ts"
import type { Descriptor } from "../../descriptor.ts"
import type { Source } from "../store.ts"

/** A source whose own errors can be told from those of the connection that it is sent on. */
export type Watched = { readonly open: Source; readonly failed: { readonly error: unknown } | undefined }

/**
 * Watches a source, and fails with `cannot` when it has not the size it should have. An iterator by hand, because a
 * generator would also see the errors of its reader.
 */
export function watch(
  from: Source,
  { descriptor, name }: { readonly descriptor: Descriptor; readonly name: string },
): Watched {
  let failed: { readonly error: unknown } | undefined
  const wrong = (size: string): Failure =>
    new Failure(
      "cannot",
      `Cannot push ${name}: its source has ${size} than the ${descriptor.size} bytes that it should have`,
    )
  const open: Source = () => ({
    [Symbol.asyncIterator]() {
      const iterator = from()[Symbol.asyncIterator]()
      let size = 0
      return {
        async next() {
          try {
            const step = await iterator.next()
            if (step.done !== true) size += step.value.length
            if (size > descriptor.size) throw wrong("more")
            if (step.done === true && size < descriptor.size) throw wrong("fewer")
            return step
          } catch (error) {
            failed ??= { error }
            throw error
          }
        },
        async return() {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  })
  return {
    open,
    get failed() {
      return failed
    },
  }
}
