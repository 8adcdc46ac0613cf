import { weigh } from "../../evidence/weight/hidden.ts"
import { Failure } from "../../failure.ts"
import { findNode, walkTree } from "../../oci/merged/tree.ts"
import type { Context } from "../context.ts"
import { json } from "../json.ts"
import { filesJson, filesText } from "./files-view.ts"
import { findNamed } from "./find.ts"
import type { InspectOptions } from "./flags.ts"
import { headersOf } from "./weighed.ts"

/** Lists what is below a path, the largest first. */
export async function inspectFiles(
  context: Context,
  options: InspectOptions & { readonly image: string; readonly files: string },
): Promise<number> {
  const { io } = context
  const named = await findNamed(context, options.image, options)
  const { root } = weigh(await headersOf(context, named.image))
  const node = findNode(root, options.files, { followLast: true })
  if (node === undefined)
    throw new Failure("no", `There is no ${options.files} in ${named.name}`, {
      hint: "Paths are as a container sees them, such as /opt/env/lib",
    })
  const files = [...walkTree(node)].filter(({ kind }) => kind === "file").sort((a, b) => b.size - a.size)
  io.out(options.json === true ? json(filesJson(files)) : filesText(files))
  return 0
}
