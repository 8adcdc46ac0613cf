import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { factsFormat } from "../../src/evidence/inventory/layer-facts.ts"
import { artifactManifest, emptyConfig, readArtifact, type ArtifactManifest } from "../../src/oci/artifact.ts"
import type { Descriptor } from "../../src/oci/descriptor.ts"
import { digestOf, type Digest } from "../../src/oci/digest.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { fallbackTag } from "../../src/oci/store/registry/referrers.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { registryPlace } from "../../src/state/place.ts"
import { latestRelease, recordRelease } from "../../src/state/releases.ts"
import { artifactTypes } from "../../src/tree/labels.ts"
import { findCosign } from "../support/cosign.ts"
import { startFakeSigstore } from "../support/fake-sigstore.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { startReferrersRegistry } from "../support/referrers-registry.ts"
import { startRegistry, type RunningRegistry } from "../support/registry.ts"
import { openSandbox, program, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)
// Built here, where nothing waits for it in vain: the first time that takes minutes.
const cosignProgram = await findCosign(host)
const password = "correct horse"

/** base ← lab, signed with a key that cosign made. */
async function openTree(registry: string, parent: string): Promise<Sandbox> {
  const sandbox = await openSandbox(host, { NBSTACKS_SIGNING_PASSWORD: password, NBSTACKS_SIGNING_KEY: "cosign.key" })
  await sandbox.write({
    "nbstacks.yaml": `version: 1
registry: ${registry}
defaults: {checks: {profile: none}}
evidence: {sbom: both}
trust: [{key: cosign.pub}]
images:
  base:
    from: ${parent}
    files: [{from: base, to: /srv/base/}]
    checks: {commands: ["cat /srv/base/note.txt"]}
  lab:
    from: base
    files: [{from: lab, to: /srv/lab/}]
`,
    "base/note.txt": "base\n",
    "lab/lab.txt": "lab\n",
    ".gitignore": "*.key\n",
  })
  await cosign(sandbox, "generate-key-pair")
  await sandbox.git("init", "-q", "-b", "main")
  await done(sandbox, "lock")
  await commit(sandbox, "Begin")
  return sandbox
}

async function cosign(sandbox: Sandbox, ...args: readonly string[]): Promise<string> {
  const argv = [cosignProgram, ...args] as const
  const env = { ...sandbox.env, COSIGN_PASSWORD: password }
  const { code, stdout, stderr } = await host.run({ argv, cwd: sandbox.folder, env, timeout: 120_000 })
  if (code !== 0) throw new Error(stderr)
  return stdout
}

async function commit(sandbox: Sandbox, message: string): Promise<void> {
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", message)
}

async function done(sandbox: Sandbox, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.nbstacks(...args)
  if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}${stdout}`)
  return stdout
}

type Verified = {
  readonly verified: boolean
  readonly images: readonly {
    readonly image: string
    readonly kind: "image" | "release"
    readonly manifests: readonly {
      readonly digest: Digest
      readonly platform: string | null
      readonly findings: readonly { readonly what: string; readonly status: string; readonly says: string }[]
    }[]
  }[]
}

async function verify(sandbox: Sandbox, ...args: readonly string[]): Promise<Verified & { readonly code: number }> {
  const { code, stdout, stderr } = await sandbox.nbstacks("verify", "--json", ...args)
  if (stdout === "") throw new Error(stderr)
  return { ...(JSON.parse(stdout) as Verified), code }
}

/** What is wrong, as `what: says`. */
function wrong({ images }: Verified): readonly string[] {
  const all = images.flatMap(({ manifests }) => manifests.flatMap(({ findings }) => findings))
  return all.filter(({ status }) => status === "bad").map(({ what, says }) => `${what}: ${says}`)
}

function digestsOf(found: Verified, image: string): { readonly index: Digest; readonly platform: Digest } {
  const manifests = found.images.find((one) => one.image === image)?.manifests ?? []
  const [index, platform] = [null, "linux/amd64"].map((one) => manifests.find((it) => it.platform === one)?.digest)
  if (index === undefined || platform === undefined) throw new Error(`${image} was not verified`)
  return { index, platform }
}

const registries = {
  "without the referrers API": startRegistry,
  "with the referrers API": startReferrersRegistry,
} as const

describe.each(Object.entries(registries))("a registry %s", (_name, start) => {
  test("has everything about each image, signed; cosign says so too; and nothing is sent twice", async () => {
    await using registry = await start(host)
    await using proxy = await startFaultProxy(host, registry.address)
    await using sandbox = await openTree(proxy.address, await pushTiny(host, proxy.address))
    const store = openRegistry(proxy.address, host)
    await done(sandbox, "publish")
    const lists = proxy.seen.filter(({ method, target }) => method === "PUT" && /manifests\/sha256-/.test(target))
    expect(new Set(lists.map(({ target }) => target)).size).toBe(lists.length)

    const found = await verify(sandbox)
    expect([found.code, wrong(found)]).toEqual([0, []])
    expect(found.images.map(({ image }) => image)).toEqual([expect.stringMatching(/^release 20/), "base", "lab"])
    const lab = digestsOf(found, "lab")
    const beside = await store.referrers("lab", lab.platform)
    expect(beside.map(({ artifactType }) => artifactType).toSorted()).toEqual([
      artifactTypes.bundle,
      artifactTypes.evidence,
    ])
    expect((await store.referrers("lab", lab.index)).map(({ artifactType }) => artifactType)).toEqual([
      artifactTypes.bundle,
    ])
    for (const digest of [lab.index, lab.platform])
      await cosign(
        sandbox,
        "verify",
        "--key=cosign.pub",
        "--insecure-ignore-tlog=true",
        "--allow-http-registry",
        `${proxy.address}/lab@${digest}`,
      )

    // Another machine, which has neither the store nor the cache of this one, changes the child alone.
    await sandbox.write({ "lab/lab.txt": "another\n" })
    await commit(sandbox, "Change the lab")
    const [base] = (await readLayers(store, "base", digestsOf(found, "base").platform)).slice(-1)
    const before = proxy.seen.length
    const { code, stderr } = await host.run({
      argv: [program, "publish"],
      cwd: sandbox.folder,
      env: {
        ...sandbox.env,
        NBSTACKS_CACHE: join(sandbox.folder, "../other"),
        NBSTACKS_STORE: join(sandbox.folder, "../store2"),
      },
      timeout: 120_000,
    })
    expect([code, stderr]).toEqual([0, expect.stringContaining("1 built")])
    const later = proxy.seen.slice(before)
    expect(later.filter(({ method, target }) => method === "POST" && target.startsWith("/v2/base/"))).toEqual([])
    expect(base).toBeDefined()
    const again = await verify(sandbox)
    expect(wrong(again)).toEqual([])
    expect(digestsOf(again, "base")).toEqual(digestsOf(found, "base"))
    expect(digestsOf(again, "lab")).not.toEqual(lab)
  })
})

async function readLayers(store: Store, repository: string, digest: Digest): Promise<readonly Digest[]> {
  const manifest = await store.readManifest(repository, digest)
  const { layers } = JSON.parse(Buffer.from(manifest?.bytes ?? "{}").toString()) as { layers: Descriptor[] }
  return layers.map((layer) => layer.digest)
}

describe("tampering", () => {
  let registry: RunningRegistry
  let sandbox: Sandbox
  let store: Store
  let image: Digest
  let index: Digest
  let evidence: ArtifactManifest & { readonly digest: Digest }
  let signature: Descriptor
  let list: { readonly digest: Digest; readonly manifests: readonly Descriptor[] }

  beforeAll(async () => {
    registry = await startRegistry(host)
    sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
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
    list = { digest: tag.descriptor.digest, manifests: JSON.parse(Buffer.from(tag.bytes).toString()).manifests }
  })
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })

  const pathOf = (digest: Digest): string => {
    const hex = digest.replace("sha256:", "")
    return join(registry.folder, "data/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data")
  }

  /** What is wrong while a bit of some bytes is another. */
  const flipped = async (digest: Digest): Promise<readonly string[]> => {
    const bytes = await host.files.read(pathOf(digest))
    const changed = Buffer.from(bytes)
    const at = changed.length >> 1
    changed[at] = (changed[at] ?? 0) ^ 1
    await host.files.write(pathOf(digest), changed)
    try {
      return wrong(await verify(sandbox, "lab"))
    } finally {
      await host.files.write(pathOf(digest), bytes)
    }
  }

  /** What is wrong while an image's list of referrers is another. */
  const listed = async (manifests: readonly object[], ...args: readonly string[]): Promise<readonly string[]> => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }))
    const digest = await store.writeManifest("lab", bytes, mediaTypes.ociIndex)
    await store.tag("lab", fallbackTag(image), digest)
    try {
      const found = await verify(sandbox, ...(args.length === 0 ? ["lab"] : args))
      expect(found.verified).toBe(wrong(found).length === 0)
      return wrong(found)
    } finally {
      await store.tag("lab", fallbackTag(image), list.digest)
    }
  }

  /** The evidence with other parts or annotations, put into the registry. */
  const replaced = async (change: (artifact: ArtifactManifest) => Partial<ArtifactManifest>): Promise<Descriptor> => {
    const { digest: _, ...whole } = evidence
    const subject = await store.headManifest("lab", image)
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: JSON.parse(Buffer.from(artifactManifest({ type: "x", parts: [], annotations: {} })).toString()).config,
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
    const { code, stdout, stderr } = await (async () => {
      const bytes = await host.files.read(pathOf(index))
      const changed = Buffer.from(bytes)
      changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
      await host.files.write(pathOf(index), changed)
      try {
        return await sandbox.nbstacks("verify", "lab")
      } finally {
        await host.files.write(pathOf(index), bytes)
      }
    })()
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
    expect(await listed([...list.manifests], ...unsigned)).toEqual([])
  })

  test("a check report that says other numbers than its evidence is noticed", async () => {
    const other = await replaced(({ annotations }) => ({ annotations: { ...annotations, "io.nbstacks.passed": "7" } }))
    expect(await listed([other], "-C", "..", `${registry.address}/lab@${image}`)).toEqual([
      "checks: the check report does not count what it lists",
    ])
  })

  test("a signature by another key does not count, and evidence alone is not enough", async () => {
    const { code, stderr } = await host.run({
      argv: ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.key"],
      cwd: sandbox.folder,
    })
    expect([code, stderr]).toEqual([0, expect.anything()])
    await host.run({
      argv: ["openssl", "pkey", "-in", "other.key", "-pubout", "-out", "../other.pub"],
      cwd: sandbox.folder,
    })
    expect(wrong(await verify(sandbox, "lab", "--key", "../other.pub"))).toContain(
      `signature: ${signature.digest}: it was made by another key`,
    )
    const unsigned = list.manifests.filter(({ digest }) => digest !== signature.digest)
    expect(await listed(unsigned)).toEqual([
      "evidence: there is none that is signed",
      "signature: not signed by cosign.pub",
    ])
    const refused = await sandbox.nbstacks("publish", "--sign", "other.key", "--allow-dirty")
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("nbstacks.yaml does not trust the key other.key"),
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
    const digest = await store.writeManifest(
      "lab",
      Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [other] })),
      mediaTypes.ociIndex,
    )
    await store.tag("lab", fallbackTag(image), digest)
    try {
      expect(await inspect(reference)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("lies: it is about sha256:"),
      })
      expect(await inspect(reference, "--read-layers")).toMatchObject({ code: 0, from: "layers" })
    } finally {
      await store.tag("lab", fallbackTag(image), list.digest)
    }
  })

  test("a release record without a signature is noticed", async () => {
    const [first] = (await verify(sandbox)).images
    const record = first?.manifests[0]?.digest
    expect([first?.kind, record]).toEqual(["release", expect.any(String)])
    const tag = fallbackTag(record as Digest)
    const before = await store.readManifest("nbstacks", tag)
    const empty = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] }))
    await store.tag("nbstacks", tag, await store.writeManifest("nbstacks", empty, mediaTypes.ociIndex))
    try {
      expect(wrong(await verify(sandbox))).toEqual(["signature: not signed by cosign.pub"])
    } finally {
      await store.tag("nbstacks", tag, before?.descriptor.digest as Digest)
    }
  })

  test("with --deep the layers are read, and one bit of them is noticed", async () => {
    const deep = await verify(sandbox, "lab", "--deep")
    expect(wrong(deep)).toEqual([])
    const [layer] = (await readLayers(store, "lab", image)).slice(-1)
    const bytes = await host.files.read(pathOf(layer as Digest))
    const changed = Buffer.from(bytes)
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
    await host.files.write(pathOf(layer as Digest), changed)
    try {
      expect(wrong(await verify(sandbox, "lab", "--deep")).join()).toMatch(/^image: /)
    } finally {
      await host.files.write(pathOf(layer as Digest), bytes)
    }
  })

  test("evidence that somebody else wrote is not signed by the next publish, and does not reach a child", async () => {
    const base = digestsOf(await verify(sandbox, "base"), "base").platform
    const genuine = (await store.referrers("base", base)).find(
      ({ artifactType }) => artifactType === artifactTypes.evidence,
    )
    const read = await readArtifact(store, "base", { reference: genuine?.digest ?? "", type: artifactTypes.evidence })
    if (genuine === undefined || read === undefined) throw new Error("base has no evidence")
    const layer = (await readLayers(store, "base", base))[0]
    const lie = { kind: "package", ecosystem: "pypi", name: "never-there", version: "6.6.6" }
    const facts = { format: factsFormat, gone: [], members: [{ path: "a/METADATA", items: [lie] }], files: 1, bytes: 1 }
    const bytes = gzipSync(JSON.stringify({ format: factsFormat, layers: { [layer as Digest]: facts } }))
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

test("what was published without a key is signed by the next publish with one; what was lost is made again", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  const tree = (trust: string): string => `version: 1
registry: ${registry.address}
defaults: {checks: {profile: none}}
${trust}
images: {base: {from: "${parent}", env: {A: b}, checks: {commands: ["true"]}}, lab: {from: base, env: {C: d}}}
`
  await sandbox.write({ "nbstacks.yaml": tree("") })
  await done(sandbox, "lock")
  await done(sandbox, "publish")
  await host.run({
    argv: ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "../a.key"],
    cwd: sandbox.folder,
  })
  await host.run({ argv: ["openssl", "pkey", "-in", "../a.key", "-pubout", "-out", "a.pub"], cwd: sandbox.folder })
  // Reports that nobody who counts signed are no reports: the rows are checked again.
  await sandbox.write({ "nbstacks.yaml": tree("trust: [{key: a.pub}]") })
  const first = await sandbox.nbstacks("publish", "--sign", "../a.key")
  expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("Checked again")])
  const found = await verify(sandbox)
  expect([found.code, wrong(found)]).toEqual([0, []])
  const again = await sandbox.nbstacks("publish", "--sign", "../a.key")
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Nothing changed")])
  expect(again.stderr).not.toContain("Checked again")

  // A record that somebody else put there gets neither its tags nor a signature; the next release is of this run.
  const place = registryPlace(openRegistry(registry.address, host), { state: "nbstacks" })
  const newest = await latestRelease(place)
  if (newest === undefined) throw new Error("there is no release")
  const images = newest.release.images.map((image) => ({ ...image, tags: [...image.tags, "pwned"] }))
  const { sequence } = newest.release
  const forged = await recordRelease(
    place,
    { ...newest.release, id: "2099.01.01-evil", sequence: sequence + 1, images },
    { sleep: () => Promise.resolve() },
    () => Promise.resolve(),
  )
  const over = await sandbox.nbstacks("publish", "--sign", "../a.key")
  expect([over.code, over.stderr]).toEqual([0, expect.stringContaining("nobody whose signature counts signed it")])
  expect((await Array.fromAsync(place.store.tags("lab"))).includes("pwned")).toBe(false)
  expect(await place.store.referrers("nbstacks", forged as Digest)).toEqual([])
  expect(wrong(await verify(sandbox))).toEqual([])

  // A registry that cleans up takes what no tag names, and leaves the list that names it.
  const store = openRegistry(registry.address, host)
  const { platform } = digestsOf(found, "lab")
  // Twice: what is made again may be what was there, or something else.
  for (const _again of [1, 2]) {
    for (const { digest } of await store.referrers("lab", platform)) {
      const hex = digest.replace("sha256:", "")
      await host.files.remove(
        join(registry.folder, "data/docker/registry/v2/repositories/lab/_manifests/revisions/sha256", hex),
      )
    }
    expect(wrong(await verify(sandbox, "lab")).length).toBeGreaterThan(0)
    await done(sandbox, "publish", "--sign", "../a.key", "--renew-evidence")
    const mended = await verify(sandbox)
    expect(wrong(mended)).toEqual([])
  }

  // Other checks give other evidence; without it what passed before is not enough.
  const stricter = tree("trust: [{key: a.pub}]").replace('["true"]', '["true", "test -e /bin/sh"]')
  await sandbox.write({ "nbstacks.yaml": stricter })
  const before = (await store.referrers("lab", platform)).map(({ digest }) => digest)
  await done(sandbox, "publish", "--sign", "../a.key")
  expect(wrong(await verify(sandbox, "lab"))).toEqual([])
  const tag = await store.readManifest("lab", fallbackTag(platform))
  const list = JSON.parse(Buffer.from(tag?.bytes ?? "{}").toString()) as { manifests: Descriptor[] }
  const manifests = list.manifests.filter(({ digest }) => before.includes(digest))
  const older = Buffer.from(JSON.stringify({ ...list, manifests }))
  await store.tag("lab", fallbackTag(platform), await store.writeManifest("lab", older, mediaTypes.ociIndex))
  expect(wrong(await verify(sandbox, "lab"))).toEqual([
    expect.stringMatching(/^checks: the release names the check key [0-9a-f]{64}, and there is no evidence under it$/),
  ])

  for (const [option, sentence] of [
    ["", "`--sign` names no key"],
    ["keyless", "nbstacks.yaml trusts keys alone"],
  ] as const)
    expect(await sandbox.nbstacks("publish", "--sign", option)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(sentence),
    })
  await sandbox.write({ "nbstacks.yaml": tree("trust: [{key: ../a.key}]") })
  expect(await sandbox.nbstacks("verify")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is a private key"),
  })
})

test("a CI system signs with its own identity: believed in full, and only of this issuer", async () => {
  await using registry = await startRegistry(host)
  await using sigstore = await startFakeSigstore(host)
  const [identity, issuer] = [
    "https://github.com/example/hub/.github/workflows/publish.yml@refs/heads/main",
    "https://token.example.org",
  ]
  await using sandbox = await openSandbox(host, {
    NBSTACKS_FULCIO_URL: sigstore.url,
    NBSTACKS_REKOR_URL: sigstore.url,
    SIGSTORE_ID_TOKEN: sigstore.token(identity, issuer),
  })
  const parent = await pushTiny(host, registry.address)
  const tree = (trusted: string): string => `version: 1
registry: ${registry.address}
trust: [{identity: "${trusted}", issuer: ${issuer}, root: root.json}]
images: {base: {from: "${parent}", env: {A: b}, checks: {profile: none}}}
`
  await sandbox.write({ "nbstacks.yaml": tree(identity), "root.json": sigstore.root })
  await done(sandbox, "lock")
  await done(sandbox, "publish", "--sign", "keyless")
  const found = await verify(sandbox)
  expect([found.code, wrong(found)]).toEqual([0, []])
  await cosign(
    sandbox,
    "verify",
    "--trusted-root=root.json",
    `--certificate-identity=${identity}`,
    `--certificate-oidc-issuer=${issuer}`,
    "--allow-http-registry",
    `${registry.address}/base@${digestsOf(found, "base").platform}`,
  )
  // A name that only begins so, and one in which a point is any letter.
  for (const other of [identity.slice(0, -1), identity.replace("github.com", "githubxcom")]) {
    await sandbox.write({ "nbstacks.yaml": tree(other) })
    expect(wrong(await verify(sandbox)).join()).toContain("certificate identity error")
  }
  const alone = await host.run({
    argv: [program, "publish", "--sign", "keyless", "--allow-dirty"],
    cwd: sandbox.folder,
    env: { ...sandbox.env, SIGSTORE_ID_TOKEN: undefined, ACTIONS_ID_TOKEN_REQUEST_URL: undefined },
  })
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("There is no identity to sign with")])
})
