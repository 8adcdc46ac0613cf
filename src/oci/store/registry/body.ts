import { Failure } from "../../../failure.ts"
import type { Response } from "../../../host/http.ts"

/** Reads a body whole. Fails with `cannot` when it is over `limit` bytes; `what` names it in that sentence. */
export async function readBody(
  response: Response,
  { limit, what }: { readonly limit: number; readonly what: string },
): Promise<Uint8Array> {
  const declared = Number(response.headers["content-length"])
  const tooLarge = (): Failure => new Failure("cannot", `${what} is over ${limit} bytes`)
  if (declared > limit) {
    await discard(response)
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const worthReading = 64 * 1024

/** The first 64 KiB of a body; what is more, or cannot be read, is dropped. */
export async function readSome(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk)
      size += chunk.length
      if (size > worthReading) break
    }
  } catch {
    // The answer counts, not what was to explain it.
  }
  return Buffer.concat(chunks).subarray(0, worthReading)
}

/** Lets go of a body: reads a small rest, so that its connection is used again, and drops a large one. */
export async function discard(response: Response): Promise<void> {
  await readSome(response)
}
