import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { digestOf } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { resolveReference } from "../../src/oci/resolve.ts"
import { openStore } from "../../src/oci/store/open.ts"
import { makeBlob, pushImage, sourceOf } from "../support/images.ts"
import { startRegistry } from "../support/registry.ts"

const host = makeHost(process.env)

test("a reference gives the digests of its platforms", async () => {
  await using registry = await startRegistry(host)
  const store = openStore(registry.address, host)
  const [amd64, arm64] = [await pushImage(store, "base"), await pushImage(store, "base", { architecture: "arm64" })]
  const unknown = await pushImage(store, "base", { architecture: "unknown" })
  const index = makeBlob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        { ...unknown.descriptor, platform: { os: "unknown", architecture: "unknown" } },
        { ...amd64.descriptor, platform: { os: "linux", architecture: "amd64" } },
        { ...arm64.descriptor, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
      ],
    }),
  )
  const digest = await store.writeManifest("base", index.bytes, mediaTypes.ociIndex)
  await store.tag("base", "v1", digest)
  await store.tag("base", "latest", arm64.descriptor.digest)
  const name = `${registry.address}/base`

  const both = { "linux/amd64": amd64.descriptor.digest, "linux/arm64": arm64.descriptor.digest }
  expect(await resolveReference(`${name}:v1`, ["linux/arm64", "linux/amd64"], host)).toEqual(both)
  expect(await resolveReference(`${name}:latest@${digest}`, ["linux/amd64"], host)).toEqual({
    "linux/amd64": amd64.descriptor.digest,
  })
  expect(await resolveReference(name, ["linux/arm64"], host)).toEqual({ "linux/arm64": arm64.descriptor.digest })

  await expect(resolveReference(name, ["linux/amd64"], host)).rejects.toMatchObject({
    code: "cannot",
    hint: "It is there for linux/arm64",
  })
  await expect(resolveReference(`${name}:v1`, ["linux/s390x", "linux/amd64"], host)).rejects.toMatchObject({
    message: expect.stringContaining("linux/s390x") as string,
    hint: "It is there for linux/amd64, linux/arm64",
  })
  await expect(resolveReference(`${name}:none`, ["linux/amd64"], host)).rejects.toMatchObject({ code: "cannot" })
  await expect(resolveReference("base:v1", ["linux/amd64"], host)).rejects.toMatchObject({ code: "cannot" })
})

test("what refers to a registry by its name or to a folder by its path opens as one store", async () => {
  const folder = await host.files.makeTemporary("nbstacks-open-")
  try {
    const blob = makeBlob("hello")
    await openStore(folder, host).writeBlob("a/b", blob.descriptor, sourceOf(blob.bytes))
    expect(await openStore(`oci:${folder}`, host).has("a/b", digestOf("hello"))).toBe(true)
    expect(openStore("ghcr.io/example-hub", host).name).toBe("ghcr.io/example-hub")
    expect(() => openStore("not a registry", host)).toThrow(expect.objectContaining({ code: "cannot" }) as Error)
    expect(() => openStore("oci:", host)).toThrow(expect.objectContaining({ code: "cannot" }) as Error)
  } finally {
    await host.files.remove(folder)
  }
})
