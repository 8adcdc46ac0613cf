import { createGunzip } from "node:zlib"
import { Failure } from "../../failure.ts"
import { chunkSize, through } from "./through.ts"
import { inflateZstd } from "./zstd.ts"

/** No layer may inflate to more than this, in bytes. */
const maximumSize = 256 * 1024 ** 3

/**
 * The uncompressed bytes of a layer. What it is compressed with is seen from its first bytes, whatever the media
 * type says: gzip with any number of members, zstd with any number of frames, or nothing. Bytes that cannot be
 * inflated fail with `cannot`; `what` names the layer there.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>, what: string): AsyncIterable<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    const head: Uint8Array[] = []
    let known = 0
    while (known < 4) {
      const next = await iterator.next()
      if (next.done === true) break
      head.push(next.value)
      known += next.value.length
    }
    const all = resume(head, iterator)
    const kind = compressionOf(Buffer.concat(head))
    if (kind === "none") yield* bounded(all, what)
    else {
      try {
        yield* bounded(kind === "gzip" ? through(all, createGunzip({ chunkSize })) : inflateZstd(all), what)
      } catch (error) {
        if (!isZlib(error)) throw error
        throw new Failure("cannot", `Cannot inflate ${what}`, { cause: error })
      }
    }
  } finally {
    await iterator.return?.()
  }
}

/** What bytes are compressed with, seen from the first four. */
export function compressionOf(head: Uint8Array): "gzip" | "zstd" | "none" {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip"
  const isFrame = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd
  const isSkippable = ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18
  return isFrame || isSkippable ? "zstd" : "none"
}

async function* resume(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

async function* bounded(source: AsyncIterable<Uint8Array>, what: string): AsyncIterable<Uint8Array> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maximumSize) throw new Failure("cannot", `Cannot read ${what}: it inflates to more than 256 GiB`)
    yield chunk
  }
}

function isZlib(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && /^Z_|^ZSTD|^ERR_/.test(error.code)
  )
}
