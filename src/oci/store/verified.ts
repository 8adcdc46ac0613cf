import { Failure } from "../../failure.ts"
import { hasher, partsOf, type Digest } from "../digest.ts"

/**
 * Passes bytes on and fails with `cannot` as soon as they are too many, or at their end when they are too few or
 * have another digest. Whoever writes them has to keep them aside until then.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: { readonly digest: Digest; readonly size: number },
): AsyncIterable<Uint8Array> {
  const hash = hasher(partsOf(digest).algorithm)
  let seen = 0
  for await (const chunk of source) {
    seen += chunk.length
    if (seen > size) throw new Failure("cannot", `${digest} has more than the ${size} bytes that it should have`)
    hash.update(chunk)
    yield chunk
  }
  if (seen < size) throw new Failure("cannot", `${digest} has ${seen} bytes where it should have ${size}`)
  const found = hash.digest()
  if (found !== digest) throw new Failure("cannot", `The bytes of ${digest} are others: they have ${found}`)
}
