import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { factsFormat } from "../../src/evidence/inventory/layer-facts.ts"
import { emptyConfig, readArtifact, type ArtifactManifest } from "../../src/oci/artifact.ts"
import type { Descriptor } from "../../src/oci/descriptor.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { layersAt } from "../../src/oci/layers-at.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { fallbackTag } from "../../src/oci/store/registry/referrers.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { artifactTypes } from "../../src/tree/labels.ts"
import { findCosign } from "../support/cosign.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { program, type Sandbox } from "../support/sandbox.ts"
import { commit, digestsOf, done, makeKey, openSignedTree, verify, wrong } from "../support/signed-tree.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)
// Built here, where nothing waits for it in vain: the first time that takes minutes.
await findCosign(host)

describe("tampering", () => {
  let registry: RunningRegistry
  let sandbox: Sandbox
  let store: Store
  let image: Digest
  let index: Digest
  let evidence: ArtifactManifest & { readonly digest: Digest }
  let signature: Descriptor
  let list: readonly Descriptor[]

  beforeAll(async () => {
    registry = await startRegistry(host)
    sandbox = await openSignedTree(host, registry.address, await pushTiny(host, registry.address))
    await done(sandbox, "publish")
    store = openRegistry(registry.address, host)
    const found = await verify(sandbox, "lab")
    if (found.code !== 0) throw new Error(wrong(found).join("\n"))
    ;({ platform: image, index } = digestsOf(found, "lab"))
    const referrers = await store.referrers("lab", image)
    const whole = referrers.find(({ artifactType }) => artifactType === artifactTypes.evidence)
    const signed = referrers.find(({ artifactType }) => artifactType === artifactTypes.bundle)
    const read = await readArtifact(store, "lab", { reference: whole?.digest ?? "", type: artifactTypes.evidence })
    const tag = await store.readManifest("lab", fallbackTag(image))
    if (read === undefined || signed === undefined || tag === undefined) throw new Error("there is no evidence")
    evidence = read
    signature = signed
    list = JSON.parse(Buffer.from(tag.bytes).toString()).manifests
  })
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  const pathOf = (digest: Digest): string => {
    const hex = digest.replace("sha256:", "")
    return join(registry.folder, "data/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data")
  }

  /** Does something while a bit of some bytes of the registry is another. */
  const whileFlipped = async <T>(digest: Digest, run: () => Promise<T>): Promise<T> => {
    const bytes = await host.files.read(pathOf(digest))
    const changed = Buffer.from(bytes)
    const at = changed.length >> 1
    changed[at] = (changed[at] ?? 0) ^ 1
    await host.files.write(pathOf(digest), changed)
    try {
      return await run()
    } finally {
      await host.files.write(pathOf(digest), bytes)
    }
  }

  /** What is wrong meanwhile. */
  const flipped = async (digest: Digest): Promise<readonly string[]> =>
    await whileFlipped(digest, async () => wrong(await verify(sandbox, "lab")))

  /** Does something while the list of what refers to a manifest is another. */
  const whileListed = async <T>(
    { repository, subject }: { readonly repository: string; readonly subject: Digest },
    manifests: readonly object[],
    run: () => Promise<T>,
  ): Promise<T> => {
    const tag = fallbackTag(subject)
    const before = await store.headManifest(repository, tag)
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
    await store.tag(repository, tag, await store.writeManifest(repository, bytes, mediaTypes.ociIndex))
    try {
      return await run()
    } finally {
      await store.tag(repository, tag, before?.digest as Digest)
    }
  }

  /** What is wrong while the image's list of referrers is another. */
  const listed = async (manifests: readonly object[], ...args: readonly string[]): Promise<readonly string[]> =>
    await whileListed({ repository: "lab", subject: image }, manifests, async () => {
      const found = await verify(sandbox, ...(args.length === 0 ? ["lab"] : args))
      expect(found.verified).toBe(wrong(found).length === 0)
      return wrong(found)
    })

  /** The evidence with other parts or annotations, put into the registry. */
  const replaced = async (change: (artifact: ArtifactManifest) => Partial<ArtifactManifest>): Promise<Descriptor> => {
    const { digest: _, ...whole } = evidence
    const subject = await store.headManifest("lab", image)
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: emptyConfig,
        subject,
        ...whole,
        ...change(whole),
      }),
    )
    const digest = await store.writeManifest("lab", bytes, mediaTypes.ociManifest)
    const annotations = change(whole).annotations ?? whole.annotations
    return {
      mediaType: mediaTypes.ociManifest,
      digest,
      size: bytes.length,
      artifactType: artifactTypes.evidence,
      annotations,
    }
  }

  test("one bit of each part of the evidence is noticed, and the part named", async () => {
    const kinds: Readonly<Record<string, string>> = {
      [artifactTypes.checkReport]: "checks: checks.json cannot be believed",
      "application/xml": "evidence: junit.xml cannot be believed",
      [artifactTypes.inventory]: "inventory: inventory.json cannot be believed",
      [artifactTypes.layerFacts]: "inventory: layer-facts.json.gz cannot be believed",
      [artifactTypes.recipe]: "recipe: recipe.json cannot be believed",
      [artifactTypes.provenance]: "provenance: provenance.json cannot be believed",
      [artifactTypes.spdx]: "sbom: sbom.spdx.json cannot be believed",
      [artifactTypes.cyclonedx]: "sbom: sbom.cdx.json cannot be believed",
    }
    expect(evidence.layers.map(({ mediaType }) => mediaType).toSorted()).toEqual(Object.keys(kinds).toSorted())
    for (const { mediaType, digest } of evidence.layers)
      expect(await flipped(digest)).toEqual([expect.stringContaining(kinds[mediaType] ?? "?")])
  })

  test("one bit of the evidence's manifest, of a signature, of the image's manifest and of its index is noticed", async () => {
    expect(await flipped(evidence.digest)).toEqual([expect.stringMatching(/^evidence: /)])
    const { layers } =
      (await readArtifact(store, "lab", { reference: signature.digest, type: artifactTypes.bundle })) ?? {}
    for (const digest of [layers?.[0]?.digest as Digest, signature.digest])
      expect(await flipped(digest)).toEqual([
        "evidence: there is none that is signed",
        "signature: no signature of cosign.pub counts",
        expect.stringContaining(`signature: ${signature.digest}: ${registry.address} sent other bytes than`),
      ])
    expect((await flipped(image)).join()).toMatch(/^image: /)
    const { code, stdout, stderr } = await whileFlipped(index, () => sandbox.nbstacks("verify", "lab"))
    expect([code === 0, stdout]).toEqual([false, expect.not.stringContaining("verified.")])
    expect(stderr).toContain("error: ")
  })

  test("a replaced referrer is noticed: what was signed is gone, what is there is not signed", async () => {
    const other = await replaced(({ annotations }) => ({ annotations: { ...annotations, "org.example.note": "mine" } }))
    expect(await listed([other, signature])).toEqual([
      `evidence: ${evidence.digest} was signed with the image, and is not beside it`,
      "evidence: there is none that is signed",
    ])
  })

  test("a removed check report is noticed, signed or not", async () => {
    const without = await replaced(({ layers }) => ({
      layers: layers.filter(({ mediaType }) => mediaType !== artifactTypes.checkReport),
    }))
    expect(await listed([without, signature])).toEqual([
      `evidence: ${evidence.digest} was signed with the image, and is not beside it`,
      "evidence: there is none that is signed",
    ])
    const unsigned = ["-C", "..", `${registry.address}/lab@${image}`]
    expect(await listed([without], ...unsigned)).toEqual(["checks: the evidence has no check report"])
    expect(await listed([], ...unsigned)).toEqual(["evidence: there is none"])
    expect(await listed(list, ...unsigned)).toEqual([])
  })

  test("a check report that says other numbers than its evidence is noticed", async () => {
    const other = await replaced(({ annotations }) => ({ annotations: { ...annotations, "io.nbstacks.passed": "7" } }))
    expect(await listed([other], "-C", "..", `${registry.address}/lab@${image}`)).toEqual([
      "checks: the check report does not count what it lists",
    ])
  })

  test("a signature by another key does not count, and evidence alone is not enough", async () => {
    await makeKey(host, sandbox, "other")
    expect(wrong(await verify(sandbox, "lab", "--key", "other.pub"))).toContain(
      `signature: ${signature.digest}: it was made by another key`,
    )
    const unsigned = list.filter(({ digest }) => digest !== signature.digest)
    expect(await listed(unsigned)).toEqual([
      "evidence: there is none that is signed",
      "signature: not signed by cosign.pub",
    ])
    const refused = await sandbox.nbstacks("publish", "--sign", "../other.key", "--allow-dirty")
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("nbstacks.yaml does not trust the key ../other.key"),
    ])
  })

  test("an inventory of another image is refused by those who read it", async () => {
    const base = await verify(sandbox, "base")
    const foreign = (await store.referrers("base", digestsOf(base, "base").platform)).find(
      ({ artifactType }) => artifactType === artifactTypes.evidence,
    )
    const theirs = await readArtifact(store, "base", { reference: foreign?.digest ?? "", type: artifactTypes.evidence })
    const part = theirs?.layers.find(({ mediaType }) => mediaType === artifactTypes.inventory)
    if (part === undefined) throw new Error("base has no inventory")
    await store.writeBlob("lab", part, () => store.read("base", part.digest))
    const other = await replaced(({ layers }) => ({
      layers: layers.map((one) => (one.mediaType === artifactTypes.inventory ? part : one)),
    }))
    const reference = `${registry.address}/lab@${image}`
    expect((await listed([other], "-C", "..", reference)).join()).toContain(
      "inventory: the inventory is of another image: it is about sha256:",
    )
    const inspect = async (...args: readonly string[]): Promise<{ code: number; stderr: string; from?: string }> => {
      const cache = join(sandbox.folder, `../cache-${args.length}`)
      const argv = [program, "inspect", "--json", ...args] as const
      const { code, stderr, stdout } = await host.run({
        argv,
        cwd: "/",
        env: { ...sandbox.env, NBSTACKS_CACHE: cache },
      })
      return { code, stderr, ...(stdout === "" ? {} : { from: JSON.parse(stdout).inventoryFrom }) }
    }
    expect(await inspect(reference)).toMatchObject({ code: 0, from: "evidence" })
    await whileListed({ repository: "lab", subject: image }, [other], async () => {
      expect(await inspect(reference)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("lies: it is about sha256:"),
      })
      expect(await inspect(reference, "--read-layers")).toMatchObject({ code: 0, from: "layers" })
    })
  })

  test("a release record without a signature is noticed", async () => {
    const [first] = (await verify(sandbox)).images
    const record = first?.manifests[0]?.digest
    expect([first?.kind, record]).toEqual(["release", expect.any(String)])
    await whileListed({ repository: "nbstacks", subject: record as Digest }, [], async () => {
      expect(wrong(await verify(sandbox))).toEqual(["signature: not signed by cosign.pub"])
    })
  })

  test("with --deep the layers are read, and one bit of them is noticed", async () => {
    const deep = await verify(sandbox, "lab", "--deep")
    expect(wrong(deep)).toEqual([])
    const layer = (await layersAt({ store, repository: "lab", digest: image }))?.at(-1)
    const deeply = async (): Promise<readonly string[]> => wrong(await verify(sandbox, "lab", "--deep"))
    expect((await whileFlipped(layer?.digest as Digest, deeply)).join()).toMatch(/^image: /)
  })

  test("evidence that somebody else wrote is not signed by the next publish, and does not reach a child", async () => {
    const base = digestsOf(await verify(sandbox, "base"), "base").platform
    const genuine = (await store.referrers("base", base)).find(
      ({ artifactType }) => artifactType === artifactTypes.evidence,
    )
    const read = await readArtifact(store, "base", { reference: genuine?.digest ?? "", type: artifactTypes.evidence })
    if (genuine === undefined || read === undefined) throw new Error("base has no evidence")
    const [layer] = (await layersAt({ store, repository: "base", digest: base })) ?? []
    const lie = { kind: "package", ecosystem: "pypi", name: "never-there", version: "6.6.6" }
    const facts = { format: factsFormat, gone: [], members: [{ path: "a/METADATA", items: [lie] }], files: 1, bytes: 1 }
    const bytes = gzipSync(JSON.stringify({ format: factsFormat, layers: { [layer?.digest as Digest]: facts } }))
    const part = { mediaType: artifactTypes.layerFacts, digest: digestOf(bytes), size: bytes.length }
    await store.writeBlob("base", part, async function* () {
      yield bytes
    })
    const subject = await store.headManifest("base", base)
    // So often until its digest is before that of the genuine one.
    for (let nonce = 0; ; nonce++) {
      const { digest: _, ...whole } = read
      const layers = whole.layers.map((one) => (one.mediaType === artifactTypes.layerFacts ? part : one))
      const annotations = { ...whole.annotations, nonce: String(nonce) }
      const forged = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          config: emptyConfig,
          ...whole,
          subject,
          layers,
          annotations,
        }),
      )
      if (digestOf(forged) > genuine.digest) continue
      await store.attach("base", base, [forged])
      break
    }
    const forger = (await verify(sandbox, "base")).images.flatMap(({ manifests }) =>
      manifests.flatMap(({ findings }) => findings),
    )
    expect(forger.filter(({ status }) => status === "note").map(({ says }) => says)).toEqual([
      expect.stringContaining("is not signed, and does not count"),
    ])
    await sandbox.write({ "lab/lab.txt": "changed\n" })
    await commit(sandbox, "Change the lab")
    const elsewhere = { NBSTACKS_CACHE: join(sandbox.folder, "../c3"), NBSTACKS_STORE: join(sandbox.folder, "../s3") }
    const { code, stderr } = await host.run({
      argv: [program, "publish"],
      cwd: sandbox.folder,
      env: { ...sandbox.env, ...elsewhere },
      timeout: 120_000,
    })
    expect([code, stderr]).toEqual([0, expect.stringContaining("1 built")])
    const after = await verify(sandbox, "--deep")
    expect(wrong(after)).toEqual([])
    expect(JSON.stringify(after)).toContain("is not signed, and does not count")
  })
})
