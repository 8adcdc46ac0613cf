import { posix } from "node:path"
import { layerWriter } from "../../packages/segment/layer-writer.ts"
import type { WrittenLayer } from "../../packages/segment/sink.ts"
import type { TarHeader } from "../../oci/tar/header.ts"
import type { Prefix } from "../../tree/step.ts"

/** The user and group that environments belong to: jovyan and users, as in Jupyter Docker Stacks. */
export const environmentOwner = { uid: 1000, gid: 100 } as const

/**
 * A venv as `python3 -m venv --without-pip` makes it, without running it: folders, links to the interpreter and
 * `pyvenv.cfg`. Activation scripts are left out: the image's `PATH` and `VIRTUAL_ENV` do what they would.
 * https://docs.python.org/3/library/venv.html
 */
export function venvLayer(
  prefix: Prefix,
  interpreter: string,
): { readonly layer: WrittenLayer; readonly bytes: Buffer } {
  const pieces: Uint8Array[] = []
  const writer = layerWriter((piece) => pieces.push(Buffer.from(piece)))
  const root = prefix.path.slice(1)
  const minor = `${prefix.python.split(".").slice(0, 2).join(".")}${prefix.abi ?? ""}`
  const entry = (path: string, fields: Pick<TarHeader, "kind" | "mode" | "link">, content?: Buffer): void =>
    writer.entry({ path: root + path, ...environmentOwner, size: content?.length ?? 0, ...fields }, content)
  const folder = (path: string): void => entry(path, { kind: "directory", mode: 0o2775 })
  const link = (path: string, target: string): void => entry(path, { kind: "symlink", mode: 0o777, link: target })
  folder("")
  folder("/bin")
  link("/bin/python", interpreter)
  link("/bin/python3", "python")
  link(`/bin/python${minor}`, "python")
  folder("/include")
  folder(`/include/python${minor}`)
  folder("/lib")
  folder(`/lib/python${minor}`)
  folder(`/lib/python${minor}/site-packages`)
  link("/lib64", "lib")
  entry("/pyvenv.cfg", { kind: "file", mode: 0o664 }, Buffer.from(configText(prefix, interpreter)))
  const layer = writer.finish()
  return { layer, bytes: Buffer.concat(pieces) }
}

function configText(prefix: Prefix, interpreter: string): string {
  return [
    `home = ${posix.dirname(interpreter)}`,
    "include-system-site-packages = false",
    `version = ${prefix.python}`,
    `executable = ${interpreter}`,
    "",
  ].join("\n")
}
