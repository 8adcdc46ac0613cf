import { constants, zstdCompressSync } from "node:zlib"
import { mediaTypes } from "../../../oci/media-types.ts"
import type { LayerForm } from "./form.ts"
import { endOf } from "./gzip-form.ts"
import { repacker } from "./repacker.ts"

/** Archive bytes in one frame at most: enough for the window of level 3, and little memory. */
const frameSize = 4 * 1024 * 1024
const params = { [constants.ZSTD_c_compressionLevel]: 3 }

const packer: LayerForm["packer"] = (sink) => repacker(sink, (plain) => zstdCompressSync(plain, { params }), frameSize)

/** `compression: zstd`: frames, which may follow each other. RFC 8878, 3. */
export const zstdForm: LayerForm = {
  mediaType: mediaTypes.ociLayerZstd,
  needsArchive: false,
  version: `zstd ${process.versions.zstd} level 3`,
  packer,
  open(blob) {
    const own = packer(blob)
    return { sink: blob, packer: own, segment: () => undefined, end: () => endOf(own) }
  },
}
