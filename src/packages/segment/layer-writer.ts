import { tarEnd } from "../../oci/tar/header.ts"
import type { Packer } from "./forms/form.ts"
import { entryBy, glue } from "./forms/glue.ts"
import { deflateRun } from "./forms/gzip.ts"
import { oneMember } from "./forms/one-member.ts"
import { blobSink, type WrittenLayer } from "./sink.ts"

/** Writes one gzip blob and hashes both what it holds and what it is, once. */
export type LayerWriter = Pick<Packer, "entry" | "plain"> & { readonly finish: () => WrittenLayer }

/**
 * A layer writer that hands out its blob in pieces; a piece is only valid until `write` returns. The blob is one gzip
 * member, which readers that stop after the first read too, by our own encoder: the same bytes on every machine.
 */
export function layerWriter(write: (piece: Uint8Array) => void): LayerWriter {
  const blob = blobSink(write)
  const { sink, end } = oneMember(blob)
  const all = glue((plain) => {
    sink.plain(plain)
    sink.packed(deflateRun(plain))
  })
  return {
    entry: entryBy(all.add),
    plain: all.add,
    finish() {
      all.add(tarEnd)
      all.flush()
      end()
      return blob.finish()
    },
  }
}
