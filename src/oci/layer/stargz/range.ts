import { Failure } from "../../../failure.ts"
import { collect } from "../../collect.ts"
import type { Layer } from "../../image.ts"

/** Bytes of a layer as it is stored, from `first` to before `end`. They are not verified: who asks has a digest for what is in them. */
export async function readRange({ descriptor, from }: Layer, first: number, end: number): Promise<Buffer> {
  if ("open" in from) throw new Error("a layer that is made here is read whole")
  const bytes = await collect(from.store.read(from.repository, descriptor.digest, [first, end - 1]), end - first)
  if (bytes?.length === end - first) return bytes
  throw new Failure(
    "cannot",
    `${from.store.name} sent another part of the layer ${descriptor.digest} than was asked for`,
    {
      hint: "Its copy, or a cache before it, is damaged: push the image again",
    },
  )
}
