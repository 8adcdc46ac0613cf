import { gzipSync } from "node:zlib"
import type { Host } from "../../src/host/host.ts"
import { appendLayers, emptyImage, withConfig } from "../../src/oci/image.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { tarEnd, tarHeader, tarPadding } from "../../src/oci/tar/header.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { layerOfBytes } from "./layers.ts"

/**
 * Puts a whole small system (a static busybox, `/bin/sh`, a user) into a registry as `tiny:1`: a parent that is
 * there at once and that runs. Gives its reference.
 */
export async function pushTiny(host: Host, address: string, tag = "1"): Promise<string> {
  const busybox = await host.files.read("/bin/busybox")
  const owner = { mode: 0o755, uid: 0, gid: 0, size: 0 }
  const directory = (path: string): Buffer => Buffer.from(tarHeader({ path, kind: "directory", ...owner }))
  const file = (path: string, bytes: Uint8Array, mode: number): Buffer =>
    Buffer.concat([
      tarHeader({ path, kind: "file", ...owner, mode, size: bytes.length }),
      bytes,
      tarPadding(bytes.length),
    ])
  const archive = Buffer.concat([
    ...["bin", "etc", "home", "proc", "dev", "tmp", "usr"].map(directory),
    tarHeader({ path: "home/jovyan", kind: "directory", mode: 0o755, uid: 1000, gid: 100, size: 0 }),
    file("bin/busybox", busybox, 0o755),
    ...["sh", "cat", "test", "true", "false", "id", "ls", "grep", "sleep", "touch"].map((name) =>
      Buffer.from(tarHeader({ path: `bin/${name}`, kind: "symlink", ...owner, link: "busybox" })),
    ),
    file("etc/passwd", Buffer.from("root:x:0:0:root:/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/sh\n"), 0o644),
    file("etc/group", Buffer.from("root:x:0:\nusers:x:100:\n"), 0o644),
    file("etc/version", Buffer.from(`${tag}\n`), 0o644),
    tarEnd,
  ])
  const layer = layerOfBytes(gzipSync(archive), { archive, by: "a test" })
  const image = withConfig(appendLayers(emptyImage("linux/amd64"), [layer]), (config) => ({
    ...config,
    Env: ["PATH=/bin", "HOME=/home/jovyan"],
    User: "1000:100",
    WorkingDir: "/home/jovyan",
  }))
  const store = openRegistry(address, host, {})
  const { digest } = await writeImage(image, { store, repository: "tiny" })
  await store.tag("tiny", tag, digest)
  return `${address}/tiny:${tag}`
}
