import { Readable, pipeline } from "node:stream"
import type { Transform } from "node:stream"

/** How much is inflated at a time, in bytes. */
export const chunkSize: number = 256 * 1024

/** The bytes of a source after a transform. The first error, of either, comes through; the transform is always freed. */
export async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncIterable<Uint8Array> {
  let failed: Error | null | undefined
  const changed = pipeline(
    Readable.from(source, { objectMode: false, highWaterMark: chunkSize }),
    transform,
    (error) => {
      failed = error
    },
  )
  try {
    yield* changed
  } catch (error) {
    throw failed ?? error
  } finally {
    transform.destroy()
  }
}
