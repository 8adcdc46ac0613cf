import { baseHeader, checkSum, flagOf, isEmpty, isMeta, maximumEntries, metaSize } from "./block.ts"
import { byteReader, type ByteReader } from "./bytes.ts"
import type { TarHeader } from "./header.ts"
import { broken, type Meta } from "./meta.ts"
import { applyMeta, applyPax } from "./pax.ts"

/** A member of a tar archive as it is read. Its path is as the archive has it, except for a trailing slash. */
export type TarEntry = {
  readonly header: TarHeader & { readonly mtime: number }
  /** The content; what is not read of it is skipped when the next entry is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

/**
 * The members of an uncompressed tar archive: ustar, GNU long names and large numbers, PAX. An archive that is
 * truncated, has a wrong checksum, sparse files or unreasonable sizes fails with `cannot`; `what` names it there.
 * The archive may end without its empty blocks; what follows them is read and ignored.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, what: string): AsyncIterable<TarEntry> {
  const reader = byteReader(source)
  try {
    const state: Meta = { global: new Map(), pax: new Map(), name: undefined, link: undefined }
    for (let count = 0; ; count++) {
      if (count > maximumEntries) throw broken(what, "it has too many members")
      const block = await reader.take(512)
      if (block.length === 0) return
      if (block.length < 512) throw broken(what, "it ends in the middle of a header")
      if (isEmpty(block)) {
        for await (const _rest of reader.pass(Number.MAX_SAFE_INTEGER));
        return
      }
      checkSum(block, what)
      const flag = flagOf(block)
      if (await readMeta(reader, { flag, block, state, what })) continue
      const header = applyPax(baseHeader(block, flag, what), state, what)
      state.pax = new Map()
      state.name = state.link = undefined
      const size = header.size
      let left = size
      const content = async function* (): AsyncIterable<Uint8Array> {
        for await (const piece of reader.pass(left)) {
          left -= piece.length
          yield piece
        }
        if (left > 0) throw broken(what, `it ends in the middle of ${header.path}`)
      }
      yield { header, content: content() }
      left -= await reader.skip(left)
      const padding = (512 - (size % 512)) % 512
      if (left > 0 || (await reader.skip(padding)) < padding)
        throw broken(what, `it ends in the middle of ${header.path}`)
    }
  } finally {
    await reader.close()
  }
}

type MetaBlock = { readonly flag: string; readonly block: Buffer; readonly state: Meta; readonly what: string }

/** Reads a header that only says something about the next one; false if the block is a member's own. */
async function readMeta(reader: ByteReader, { flag, block, state, what }: MetaBlock): Promise<boolean> {
  if (!isMeta(flag)) return false
  const size = metaSize(block, what)
  const body = await reader.take(size)
  const padding = (512 - (size % 512)) % 512
  if (body.length < size || (await reader.skip(padding)) < padding)
    throw broken(what, "it ends in the middle of a header")
  applyMeta(state, flag, body, what)
  return true
}
