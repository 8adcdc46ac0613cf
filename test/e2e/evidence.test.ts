import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Descriptor } from "../../src/oci/descriptor.ts"
import type { Digest } from "../../src/oci/digest.ts"
import { layersAt } from "../../src/oci/layers-at.ts"
import { mediaTypes } from "../../src/oci/media-types.ts"
import { fallbackTag } from "../../src/oci/store/registry/referrers.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { registryPlace } from "../../src/state/place.ts"
import { latestRelease, recordRelease } from "../../src/state/releases.ts"
import { artifactTypes } from "../../src/tree/labels.ts"
import { findCosign } from "../support/cosign.ts"
import { startFakeSigstore } from "../support/fake-sigstore.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { startReferrersRegistry } from "../support/referrers-registry.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, program } from "../support/sandbox.ts"
import { commit, cosign, digestsOf, done, makeKey, openSignedTree, verify, wrong } from "../support/signed-tree.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)
// Built here, where nothing waits for it in vain: the first time that takes minutes.
await findCosign(host)

const registries = {
  "without the referrers API": startRegistry,
  "with the referrers API": startReferrersRegistry,
} as const

describe.each(Object.entries(registries))("a registry %s", (_name, start) => {
  test("has everything about each image, signed; cosign says so too; and nothing is sent twice", async () => {
    await using registry = await start(host)
    await using proxy = await startFaultProxy(host, registry.address)
    await using sandbox = await openSignedTree(host, proxy.address, await pushTiny(host, proxy.address))
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
        host,
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
    const base = (await layersAt({ store, repository: "base", digest: digestsOf(found, "base").platform }))?.at(-1)
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
  await makeKey(host, sandbox, "a")
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
    host,
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
