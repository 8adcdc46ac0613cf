import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import type { Layer } from "../../src/oci/image.ts"
import { layerEntries } from "../../src/oci/layer/open.ts"

/** Runs a program to its end and gives what it printed; throws what it says when it fails. */
export async function must(host: Host, ...argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await host.run({ argv, timeout: 300_000 })
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}`)
  return stdout
}

/**
 * What a program prints in a container that Buildah makes of an image, such as `docker://…`, with a storage of its own
 * in the folder `storage`, which it takes away.
 */
export async function runByBuildah(
  host: Host,
  { image, storage }: { readonly image: string; readonly storage: string },
  ...program: readonly string[]
): Promise<string> {
  const own = ["--root", storage, "--runroot", `${storage}-run`, "--storage-driver", "overlay"] as const
  const buildah = (...args: readonly string[]): Promise<string> => must(host, "buildah", ...own, ...args)
  try {
    const container = (await buildah("from", "--quiet", "--tls-verify=false", image)).trim()
    return await buildah("run", "--isolation", "chroot", container, ...program)
  } finally {
    await buildah("rm", "--all")
    await buildah("rmi", "--all", "--force")
    // It mounts its own storage on itself.
    await host.run({ argv: ["umount", "--lazy", join(storage, "overlay")] })
  }
}

/** What GNU tar and a program that inflates make of a layer, beside what we make of it. */
export type GnuReading = Readonly<Record<"theirs" | "ours", { readonly diffId: string; readonly names: string[] }>>

/** Reads a layer of a registry by GNU tar with `gzip` or `zstd`, all of it; throws what they say. Writes `file`. */
export async function readByGnu(
  host: Host,
  layer: Layer,
  { file, inflate }: { readonly file: string; readonly inflate: "gzip" | "zstd" },
): Promise<GnuReading> {
  await writeBlob(host, layer, file)
  const script = '"$1" --decompress --stdout < "$0" > "$0.tar" && sha256sum < "$0.tar" && rm "$0.tar"'
  const hex = (await must(host, "sh", "-c", script, file, inflate)).slice(0, 64)
  const listed = await must(host, "tar", "--list", `--${inflate}`, "--quoting-style=literal", "--file", file)
  const names: string[] = []
  for await (const { header } of layerEntries(layer))
    names.push(header.kind === "directory" ? `${header.path}/` : header.path)
  const plain = (all: readonly string[]): string[] => all.map((name) => name.replace(/^\.\//, "").replace(/\/+$/, "/"))
  return {
    theirs: { diffId: `sha256:${hex}`, names: plain(listed.trimEnd().split("\n")) },
    ours: { diffId: layer.diffId, names: plain(names) },
  }
}

/** Writes a layer's blob to a file, in place of another. */
export async function writeBlob(host: Host, { descriptor, from }: Layer, file: string): Promise<void> {
  if ("open" in from) throw new Error("the image was not read from a registry")
  await host.files.remove(file)
  await host.files.write(file, from.store.read(from.repository, descriptor.digest))
}
