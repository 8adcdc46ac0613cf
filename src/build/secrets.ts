import { resolve } from "node:path"
import { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Tree } from "../tree/tree.ts"

/** Reads a secret by its id, from where `nbstacks.yaml` says. Values are never kept, printed or hashed. */
export function secretReader(
  tree: Pick<Tree, "secrets" | "folder">,
  host: Pick<Host, "env" | "files">,
): (id: string) => Promise<Uint8Array> {
  return async (id) => {
    const source = tree.secrets[id]
    if (source === undefined)
      throw new Failure("cannot", `There is no secret \`${id}\` in nbstacks.yaml`, {
        hint: "Declare it below `secrets:`, with the file or the environment variable that has it",
      })
    if ("file" in source)
      return await host.files.read(resolve(tree.folder, source.file)).catch((cause: unknown) => {
        throw new Failure("cannot", `Cannot read the secret \`${id}\` from ${source.file}`, {
          cause,
          hint: "Write it to that file, or correct `file:` below `secrets:`",
        })
      })
    const value = host.env[source.environment]
    if (value !== undefined) return new TextEncoder().encode(value)
    throw new Failure("cannot", `The secret \`${id}\` is not set`, {
      hint: `Set the environment variable ${source.environment}`,
    })
  }
}
