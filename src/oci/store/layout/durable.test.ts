import { join } from "node:path"
import { expect, test } from "vitest"
import type { Files } from "../../../host/files.ts"
import { makeHost } from "../../../host/node/host.ts"
import { appendLayers, emptyImage } from "../../image.ts"
import { mediaTypes } from "../../media-types.ts"
import { digestOf } from "../../digest.ts"
import { writeImage, writeIndex } from "../../write-image.ts"
import { openLayout } from "./layout.ts"

const host = makeHost(process.env)

/** The real files, and in which order they came to the disk: by `write` with a flush, or by `flush`. */
function watched(): { readonly files: Files; readonly order: string[] } {
  const order: string[] = []
  return {
    order,
    files: {
      ...host.files,
      async write(path, content, options) {
        await host.files.write(path, content, options)
        if (options?.flush !== false) order.push(path)
      },
      async flush(path) {
        await host.files.flush(path)
        order.push(path)
      },
    },
  }
}

test("everything that a tag leads to is on the disk before the tag is", async () => {
  const folder = await host.files.makeTemporary("nbstacks-durable-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const { files, order } = watched()
  const layout = openLayout(join(folder, "store"), { ...host, files })
  const bytes = Buffer.from("a layer")
  const made = join(folder, "made")
  await host.files.write(made, bytes)
  const layer = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length }
  const image = appendLayers(emptyImage("linux/amd64"), [
    {
      descriptor: layer,
      diffId: layer.digest,
      history: {},
      from: { open: () => host.files.stream(made), file: () => Promise.resolve(made) },
    },
  ])
  const { digest } = await writeImage(image, { store: layout, repository: "a/b" })
  const index = await writeIndex([{ platform: "linux/amd64", digest }], { store: layout, repository: "a/b" })
  await layout.tag("a/b", "1", index.digest)

  expect(await host.files.stat(made)).toBeUndefined()
  const { config } = JSON.parse(Buffer.from((await layout.readManifest("a/b", digest))?.bytes ?? []).toString()) as {
    config: { digest: string }
  }
  const at = (part: string): number => order.findIndex((path) => path.endsWith(part.replace(":", "/")))
  const named = [layer.digest, config.digest, digest, `manifests/${digest.replace(":", "-")}`, index.digest]
  expect(named.filter((part) => at(part) < 0 || at(part) > at("tags/1"))).toEqual([])
  expect(at(layer.digest)).toBeLessThan(at(digest))
})

test("a file is taken only when it is as large as it should be, and not when its blob is there", async () => {
  const folder = await host.files.makeTemporary("nbstacks-durable-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const layout = openLayout(join(folder, "store"), host)
  const bytes = Buffer.from("some bytes")
  const descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size: bytes.length }
  const file = join(folder, "made")
  const take = (): Promise<boolean> | undefined => layout.takeFile?.("a", descriptor, () => Promise.resolve(file))
  await host.files.write(file, "short")
  expect(await take()).toBe(false)
  expect(await host.files.readText(file)).toBe("short")
  await host.files.write(file, bytes)
  expect(await take()).toBe(true)
  expect(Buffer.concat(await Array.fromAsync(layout.read("a", descriptor.digest))).equals(bytes)).toBe(true)
  await host.files.write(file, bytes)
  expect(await take()).toBe(true)
  expect(await host.files.stat(file)).toBeDefined()
})
