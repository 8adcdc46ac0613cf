import { tarEnd } from "../../oci/tar/header.ts"
import { gzipPacker, type Packer } from "./packer.ts"
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
      packer.flush()
      // The end stands alone, so that the runs before it are the same in every layer.
      packer.plain(tarEnd)
      packer.flush()
      return blob.finish()
    },
  }
}
