import { constants, deflateRawSync } from "node:zlib"
import { mediaTypes } from "../../../oci/media-types.ts"
import type { LayerForm } from "./form.ts"
import { endOf } from "./gzip-form.ts"
import { oneMember } from "./one-member.ts"
import { repacker } from "./repacker.ts"

const blockSize = 1024 * 1024

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
    const member = oneMember(blob)
    const own = packer(member.sink)
    return {
      sink: member.sink,
      packer: own,
      segment: () => undefined,
      end() {
        const annotations = endOf(own)
        member.end()
        return annotations
      },
    }
  },
}
