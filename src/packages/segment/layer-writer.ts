import { endOf, gzipPacker } from "./forms/gzip-form.ts"
import type { Packer } from "./forms/form.ts"
import { blobSink, type WrittenLayer } from "./sink.ts"

/** Writes one gzip blob of many members and hashes both what it holds and what it is, once. */
export type LayerWriter = Packer & { readonly finish: () => WrittenLayer }

/** A layer writer that hands out its blob in pieces; a piece is only valid until `write` returns. */
export function layerWriter(write: (piece: Uint8Array) => void): LayerWriter {
  const blob = blobSink(write)
  const packer = gzipPacker(blob)
  return {
    ...packer,
    finish() {
      endOf(packer)
      return blob.finish()
    },
  }
}
