import { expect, test } from "vitest"
import { layerOf } from "../../test/support/layers.ts"
import { makeHost } from "../host/node/host.ts"
import { digestOf, type Digest } from "../oci/digest.ts"
import { mediaTypes } from "../oci/media-types.ts"
import { openLayout, type Layout } from "../oci/store/layout/layout.ts"
import type { Key } from "../plan/key.ts"
import type { Plan } from "../plan/plan.ts"
import type { Consumer } from "../tree/consumers.ts"
import type { Image, Tree } from "../tree/tree.ts"
import { requireReadable } from "./readable-parents.ts"

const host = makeHost(process.env)
const platform = "linux/amd64"
const reference = "registry.example/base:1"

/** What another tool wrote: an image with a layer of some media type. */
async function foreignImage(store: Layout, mediaType: string): Promise<Digest> {
  const layer = layerOf({ "etc/issue": "base" })
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [layer.diffId] } }),
  )
  const descriptor = { mediaType: mediaTypes.dockerConfig, digest: digestOf(config), size: config.length }
  await store.writeBlob("base", descriptor, async function* () {
    yield config
  })
  const below = { ...layer.descriptor, mediaType }
  await store.writeBlob("base", below, "open" in layer.from ? layer.from.open : async function* () {})
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: descriptor,
    layers: [below],
  }
  return store.writeManifest("base", Buffer.from(JSON.stringify(manifest)), mediaTypes.dockerManifest)
}

/** Judges a row with these consumers, two rows above an image with a layer of some media type. */
async function judge(mediaType: string, consumers: readonly Consumer[]): Promise<void> {
  const folder = await host.files.makeTemporary("nbstacks-readable-")
  await using _ = { [Symbol.asyncDispose]: () => host.files.remove(folder) }
  const other = openLayout(`${folder}/other`, host)
  const digest = await foreignImage(other, mediaType)
  const image = (id: string, parent: Image["parent"]): Image => ({
    id,
    repository: id,
    prefix: "",
    parent,
    uses: [],
    platforms: [platform],
    steps: {},
    checks: { profile: "none", kernels: [], imports: {}, notebooks: [], paths: [], commands: [], later: {} },
    budget: { layer: 1, layers: 1 },
    publish: "together",
    axes: {},
    ...(id === "top" ? { consumers } : {}),
  })
  const images = [
    image("low", { kind: "external", reference, locked: { [platform]: digest } }),
    image("top", { kind: "image", id: "low" }),
  ]
  const waves = images.map(({ id }) => [{ image: id, platform, key: id as Key, reasons: [] }] as const)
  const plan: Plan = { version: 1, inputs: "", waves, reuse: [], skipped: [], check: [] }
  const place = { kind: "local", store: openLayout(`${folder}/own`, host), repositoryOf: String, state: "s" } as const
  await requireReadable(
    {
      tree: { images } as unknown as Tree,
      local: place,
      external: async () => ({ store: other, repository: "base", digest }),
    },
    plan,
  )
}

test.each([
  mediaTypes.ociLayerZstd,
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
])("%s of another registry is zstd", async (mediaType) => {
  await expect(judge(mediaType, ["docker-20.10", "composefs"])).rejects.toMatchObject({
    code: "no",
    detail: `docker-20.10 cannot read \`top\` for ${platform}: ${reference} has layers of zstd: Docker before 23 fails with \`invalid tar header\``,
    hint: expect.stringContaining(reference),
  })
  // One frame, which another tool may have made, is read.
  await expect(judge(mediaType, ["composefs"])).resolves.toBeUndefined()
})

test.each([mediaTypes.ociLayer, mediaTypes.ociLayerGzip, mediaTypes.dockerLayerGzip])(
  "%s of another registry is judged by nobody",
  async (mediaType) => {
    await expect(judge(mediaType, ["docker-20.10", "soci-0.13", "bootc"])).resolves.toBeUndefined()
  },
)
