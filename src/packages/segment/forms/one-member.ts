import { crc32 } from "node:zlib"
import type { Sink } from "../sink.ts"
import { gzipHead, gzipTail, lastBlock } from "./gzip.ts"

/**
 * Begins a gzip member in `blob`: the sink takes its archive, and what that is as runs of a deflate stream, each ended
 * at a byte by an empty block that is not the last. `end` is called once, after all of them.
 */
export function oneMember(blob: Sink): { readonly sink: Sink; readonly end: () => void } {
  let crc = 0
  let size = 0
  blob.packed(gzipHead)
  return {
    sink: {
      packed: blob.packed,
      plain(bytes) {
        crc = crc32(bytes, crc)
        size += bytes.length
        blob.plain(bytes)
      },
    },
    end() {
      blob.packed(lastBlock)
      blob.packed(gzipTail(crc, size))
    },
  }
}
