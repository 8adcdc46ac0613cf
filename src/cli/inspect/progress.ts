import { sizeOfLayers, type Image, type Layer } from "../../oci/image.ts"
import { bytes } from "../../report/format.ts"
import type { Context } from "../context.ts"

/** Says on a terminal how far the reading of layers is, on a line that goes away. */
export function reading({ io }: Context, image: Image): Disposable & { readonly onLayer: (layer: Layer) => void } {
  const { terminal } = io
  const total = sizeOfLayers(image)
  let done = 0
  let isShown = false
  return {
    onLayer({ descriptor }) {
      done += descriptor.size
      if (terminal === undefined) return
      isShown = true
      terminal.write(`\r\u001B[Kread ${bytes(done)} of ${bytes(total)}`)
    },
    [Symbol.dispose]() {
      if (isShown) terminal?.write("\r\u001B[K")
      isShown = false
    },
  }
}
