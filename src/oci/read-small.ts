import { Failure } from "../failure.ts"
import { collect } from "./collect.ts"
import type { Descriptor } from "./descriptor.ts"
import { manifestLimit } from "./manifest.ts"
import type { Store } from "./store/store.ts"

/** The bytes of a blob that is small by its nature, such as a configuration. Fails with `cannot` above 8 MiB. */
export async function readSmall(store: Store, repository: string, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > manifestLimit)
    throw new Failure("cannot", `${descriptor.digest} has ${descriptor.size} bytes, too many for what it is`)
  const bytes = await collect(store.read(repository, descriptor.digest), descriptor.size)
  if (bytes !== undefined) return bytes
  throw new Failure("cannot", `${descriptor.digest} has more bytes than its descriptor says`)
}
