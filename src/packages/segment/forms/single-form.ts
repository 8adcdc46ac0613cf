import { constants, crc32, deflateRawSync } from "node:zlib"
import { mediaTypes } from "../../../oci/media-types.ts"
import type { Sink } from "../sink.ts"
import type { LayerForm } from "./form.ts"
import { endOf } from "./gzip-form.ts"
import { gzipHead, gzipTail } from "./gzip.ts"
import { repacker } from "./repacker.ts"

const blockSize = 1024 * 1024
/** An empty last block with fixed codes. RFC 1951, 3.2.6. */
const lastBlock = Buffer.from([0x03, 0x00])

/** Each run ends at a byte, with an empty block that is not the last: another run may follow. */
function pack(plain: Uint8Array): Uint8Array {
  return deflateRawSync(plain, { level: 6, finishFlush: constants.Z_FULL_FLUSH })
}

const packer: LayerForm["packer"] = (sink) => repacker(sink, pack, blockSize)

/**
 * `compression: single-member`: gzip of one member, for the few readers that stop at the end of the first
 * (reference: consumers of spliced layers). Its deflate stream is made of runs, which are kept as other segments are.
 */
export const singleForm: LayerForm = {
  mediaType: mediaTypes.ociLayerGzip,
  needsArchive: true,
  version: `zlib ${process.versions.zlib} level 6`,
  packer,
  open(blob) {
    let crc = 0
    let size = 0
    const sink: Sink = {
      packed: blob.packed,
      plain(bytes) {
        crc = crc32(bytes, crc)
        size += bytes.length
        blob.plain(bytes)
      },
    }
    blob.packed(gzipHead)
    const own = packer(sink)
    return {
      sink,
      packer: own,
      segment: () => undefined,
      end() {
        const annotations = endOf(own)
        blob.packed(lastBlock)
        blob.packed(gzipTail(crc, size))
        return annotations
      },
    }
  },
}
