import { tarHeader, tarPadding } from "../../../oci/tar/header.ts"
import type { Sink } from "../sink.ts"
import type { Packer } from "./form.ts"
import { entryBy, glue } from "./glue.ts"

/** Packs whatever comes by `pack`, in pieces of a fixed size that end with each run. */
export function repacker(sink: Sink, pack: (plain: Uint8Array) => Uint8Array, size: number): Packer {
  const all = glue((plain) => {
    sink.plain(plain)
    sink.packed(pack(plain))
  }, size)
  return {
    flush: all.flush,
    plain: all.add,
    entry: entryBy(all.add),
    spliced(header) {
      all.add(tarHeader(header))
      return {
        begin: () => undefined,
        packed: () => undefined,
        plain: all.add,
        end: () => all.add(tarPadding(header.size)),
      }
    },
  }
}
