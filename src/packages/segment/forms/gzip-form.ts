import { tarEnd, tarHeader, tarPadding } from "../../../oci/tar/header.ts"
import { mediaTypes } from "../../../oci/media-types.ts"
import type { Sink } from "../sink.ts"
import { entryBy, glue } from "./glue.ts"
import { gzipHead, gzipMember, gzipTail } from "./gzip.ts"
import type { LayerForm, Packer } from "./form.ts"

/**
 * Gzip of many members: deflate streams as they are, in members of their own; between them small members with
 * headers, padding and what else there is, by our own encoder. RFC 1952, 2.2.
 */
export function gzipPacker(sink: Sink): Packer {
  const between = glue((plain) => {
    sink.plain(plain)
    sink.packed(gzipMember(plain))
  })
  return {
    flush: between.flush,
    plain: between.add,
    entry: entryBy(between.add),
    spliced(header) {
      between.add(tarHeader(header))
      return {
        begin() {
          between.flush()
          sink.packed(gzipHead)
        },
        packed: sink.packed,
        plain: sink.plain,
        end(crc) {
          sink.packed(gzipTail(crc, header.size))
          between.add(tarPadding(header.size))
        },
      }
    },
  }
}

/** `compression: gzip`. */
export const gzipForm: LayerForm = {
  mediaType: mediaTypes.ociLayerGzip,
  needsArchive: false,
  version: "",
  packer: gzipPacker,
  open(blob) {
    const packer = gzipPacker(blob)
    return { sink: blob, packer, segment: () => undefined, end: () => endOf(packer) }
  },
}

/** The end stands alone, so that the runs before it are the same in every layer. */
export function endOf(packer: Packer): Readonly<Record<string, string>> {
  packer.flush()
  packer.plain(tarEnd)
  packer.flush()
  return {}
}
