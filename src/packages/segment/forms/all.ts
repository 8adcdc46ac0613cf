import type { Compression } from "../../../tree/step.ts"
import type { LayerForm } from "./form.ts"
import { gzipForm } from "./gzip-form.ts"
import { singleForm } from "./single-form.ts"
import { stargzForm } from "./stargz-form.ts"
import { zstdForm } from "./zstd-form.ts"

/** How layers are compressed, by the word of the configuration. */
export const forms: Readonly<Record<Compression, LayerForm>> = {
  gzip: gzipForm,
  zstd: zstdForm,
  estargz: stargzForm,
  "single-member": singleForm,
}
