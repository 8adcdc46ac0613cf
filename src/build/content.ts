import { join } from "node:path"
import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import { hasher } from "../oci/digest.ts"
import type { Tree } from "../tree/tree.ts"

/** Opens the bytes of a step's file by hash. A file that changed since the plan was made is an error, never built. */
export function contentOpener(
  tree: Pick<Tree, "sources" | "folder">,
  host: Pick<Host, "files">,
): (sha256: string) => AsyncIterable<Uint8Array> {
  return async function* (sha256) {
    const source = tree.sources.get(sha256)
    if (source === undefined) throw new Error(`nothing in the tree has the hash ${sha256}`)
    const hash = hasher()
    for await (const chunk of host.files.stream(join(tree.folder, source))) {
      hash.update(chunk)
      yield chunk
    }
    if (hash.digest() === `sha256:${sha256}`) return
    throw new Failure("cannot", `${source} changed while it was built`, { hint: "Run the command again" })
  }
}
