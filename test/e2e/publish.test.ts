import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { latestRelease } from "../../src/state/releases.ts"
import type { Release } from "../../src/state/release.ts"
import { registryPlace } from "../../src/state/place.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, prepared, type Sandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

const host = makeHost(process.env)

type Published = {
  readonly release: string | null
  readonly images: readonly {
    readonly image: string
    readonly digest: string
    readonly reference: string
    readonly tags: readonly string[]
    readonly built: boolean
    readonly checks: { readonly passed: number; readonly failed: number }
  }[]
}

/** The newest release's record, as it is in a registry. */
async function recordOf(address: string): Promise<Release | undefined> {
  const place = registryPlace(openRegistry(address, host, {}), { state: "nbstacks" })
  return (await latestRelease(place, 0))?.release
}

/** base ← course (two rows) ← lab, and a row on its own. Everything is there at once: only `files` on a tiny parent. */
function treeText(registry: string, parent: string, more = ""): string {
  return `version: 1
registry: ${registry}
defaults: {checks: {profile: none}}
images:
  base:
    from: ${parent}
    files: [{from: base, to: /srv/base/}]
    checks: {commands: ["cat /srv/base/note.txt"]}
    publish: never
  course:
    from: base
    matrix: {term: ["2026.1", "2026.2"]}
    files: [{from: "course/{term}", to: /srv/course/}]
    checks: {commands: ["grep -q ok /srv/course/state.txt"]}
  lab:
    from: course:2026.2
    files: [{from: lab, to: /srv/lab/}]
  solo:
    from: base
    files: [{from: solo, to: /srv/solo/}]
    publish: alone
    checks: {commands: ["grep -q ok /srv/solo/state.txt"]}
${more}`
}

async function openTree(registry: string, parent: string): Promise<Sandbox> {
  const sandbox = await openSandbox(host)
  return await prepared(sandbox, async () => {
    await sandbox.write({
      "nbstacks.yaml": treeText(registry, parent),
      "base/note.txt": "base 1\n",
      "course/2026.1/state.txt": "ok\n",
      "course/2026.2/state.txt": "ok\n",
      "lab/lab.txt": "lab\n",
      "solo/state.txt": "ok\n",
    })
    await sandbox.git("init", "-q", "-b", "main")
    const lock = await sandbox.nbstacks("lock")
    if (lock.code !== 0) throw new Error(lock.stderr)
    await commit(sandbox, "Begin")
  })
}

async function commit(sandbox: Sandbox, message: string): Promise<void> {
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", message)
}

async function publish(
  sandbox: Sandbox,
  ...args: readonly string[]
): Promise<Published & { readonly code: number; readonly stderr: string }> {
  const { code, stdout, stderr } = await sandbox.nbstacks("publish", "--json", ...args)
  if (stdout === "") throw new Error(`publish ended with ${code}: ${stderr}`)
  const value: Published = JSON.parse(stdout)
  return { ...value, code, stderr }
}

function built(published: Published): readonly string[] {
  return published.images.filter((image) => image.built).map(({ image }) => image)
}

async function plan(
  sandbox: Sandbox,
  ...args: readonly string[]
): Promise<Readonly<Record<string, readonly object[]>>> {
  const { code, stdout, stderr } = await sandbox.nbstacks("plan", "--json", ...args)
  if (code !== 0) throw new Error(stderr)
  const { waves }: { waves: { image: string; reasons: object[] }[][] } = JSON.parse(stdout)
  return Object.fromEntries(waves.flat().map(({ image, reasons }) => [image, reasons]))
}

async function tagsOf(store: Store, repository: string): Promise<readonly string[]> {
  // Without the referrers API a registry holds evidence under fallback tags.
  return (await Array.fromAsync(store.tags(repository))).filter((tag) => !tag.startsWith("sha256-"))
}

test("a tree is published as one release, then nothing, then only what changed", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const store = openRegistry(registry.address, host, {})

  const first = await publish(sandbox)
  expect(first.code).toBe(0)
  expect(built(first)).toEqual(["base", "course:2026.1", "course:2026.2", "lab", "solo"])
  expect(first.release).toMatch(/^\d{4}\.\d\d\.\d\d-[0-9a-f]{7}$/)
  expect(await tagsOf(store, "course")).toEqual([`2026.1-${first.release}`, `2026.2-${first.release}`])
  expect(await tagsOf(store, "base")).toEqual([])
  expect(first.images.find(({ image }) => image === "base")?.checks).toEqual({ passed: 1, failed: 0 })

  const again = await publish(sandbox)
  expect([again.code, again.release, built(again)]).toEqual([0, first.release, []])
  expect(await plan(sandbox)).toEqual({})

  await sandbox.write({ "course/2026.2/state.txt": "ok, and more\n" })
  await commit(sandbox, "Say more")
  const short = await sandbox.git("rev-parse", "--short", "HEAD")
  const { stdout } = await sandbox.nbstacks("plan")
  expect(stdout).toContain(`course/2026.2/state.txt changed in ${short}`)
  expect(stdout).toContain("parent course:2026.2 is rebuilt")
  const second = await publish(sandbox)
  expect(built(second)).toEqual(["course:2026.2", "lab"])
  expect(second.images.find(({ image }) => image === "solo")?.digest).toBe(
    first.images.find(({ image }) => image === "solo")?.digest,
  )
  expect(await tagsOf(store, "solo")).toEqual([first.release, second.release].toSorted())
})

test("a child shares its parent's blobs by digest, and every image is whole", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const { images } = await publish(sandbox)
  const store = openRegistry(registry.address, host, {})
  const layers = async (row: string): Promise<readonly string[]> => {
    const image = images.find((one) => one.image === row)
    const manifest = await store.readManifest(row.split(":")[0] ?? row, image?.digest ?? "")
    const { layers: list }: { layers: { digest: string }[] } = JSON.parse(Buffer.from(manifest?.bytes ?? []).toString())
    return list.map(({ digest }) => digest)
  }
  const [base, course, lab] = [await layers("base"), await layers("course:2026.2"), await layers("lab")]
  expect(course.slice(0, base.length)).toEqual(base)
  expect(lab.slice(0, course.length)).toEqual(course)
  expect(lab.length).toBe(course.length + 1)
})

test("a failing check leaves no new tag, and a row that is published alone keeps its image", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const store = openRegistry(registry.address, host, {})
  const first = await publish(sandbox)

  await sandbox.write({ "course/2026.1/state.txt": "bad\n" })
  await commit(sandbox, "Break a course")
  const broken = await publish(sandbox)
  expect(broken.code).toBe(1)
  expect(broken.release).toBe(first.release)
  expect(broken.stderr).toContain("`course:2026.1` failed")
  expect(broken.stderr).toContain(`Users still get ${first.release}`)
  expect(await tagsOf(store, "course")).toEqual([`2026.1-${first.release}`, `2026.2-${first.release}`])
  expect(await tagsOf(store, "solo")).toEqual([first.release])

  await sandbox.write({ "course/2026.1/state.txt": "ok\n", "solo/state.txt": "bad\n", "lab/lab.txt": "lab 2\n" })
  await commit(sandbox, "Mend the course, break the row on its own")
  const partial = await publish(sandbox)
  expect(partial.code).toBe(1)
  expect(partial.release).not.toBe(first.release)
  const solo = (published: Published): string | undefined =>
    published.images.find(({ image }) => image === "solo")?.digest
  expect(solo(partial)).toBe(solo(first))
  expect(built(partial)).toEqual(["lab"])
})

test("a broken parent stops its children, not its siblings' builds", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.write({ "course/2026.2/state.txt": "bad\n" })
  await commit(sandbox, "Break the parent of the lab")
  const first = await publish(sandbox)
  expect([first.code, first.release]).toEqual([1, null])
  expect(first.stderr).toContain("Not tried: lab (built on course:2026.2)")
  await sandbox.write({ "course/2026.2/state.txt": "ok again\n" })
  await commit(sandbox, "Mend it")
  const second = await publish(sandbox)
  expect(second.code).toBe(0)
  expect(built(second)).toEqual(["course:2026.2", "lab"])
})

test("a commit series, a rebase and a second branch never hide a change", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await publish(sandbox)
  // Two commits are pushed at once: `git diff HEAD^` sees the second alone.
  await sandbox.write({ "course/2026.1/state.txt": "ok 1\n" })
  await commit(sandbox, "First of two")
  await sandbox.write({ "unrelated.md": "words\n" })
  await commit(sandbox, "Second of two")
  expect(await sandbox.git("diff", "--name-only", "HEAD^")).toBe("unrelated.md")
  expect(Object.keys(await plan(sandbox))).toEqual(["course:2026.1"])

  // The same change on another branch, published there, is built once; what main lacks is seen from main.
  await sandbox.git("checkout", "-q", "-b", "fall")
  expect(built(await publish(sandbox))).toEqual(["course:2026.1"])
  await sandbox.git("checkout", "-q", "main")
  expect(await plan(sandbox)).toEqual({})
  await sandbox.git("reset", "-q", "--hard", "HEAD~2")
  expect(await plan(sandbox)).toEqual({})

  // A rebase changes every commit and no file.
  await sandbox.git("commit", "-q", "--amend", "-m", "Begin again", "--date", "2020-01-01T00:00:00Z")
  expect(await plan(sandbox)).toEqual({})

  // Another branch publishes in between: what changed on main since its own last release is still seen.
  await sandbox.write({ "lab/lab.txt": "of main\n" })
  await commit(sandbox, "Change on main")
  await sandbox.git("checkout", "-q", "fall")
  await sandbox.write({ "solo/state.txt": "ok, of fall\n" })
  await commit(sandbox, "Change on fall")
  expect(built(await publish(sandbox))).toEqual(["solo"])
  await sandbox.git("checkout", "-q", "main")
  expect(Object.keys(await plan(sandbox))).toEqual(["lab"])
  // A rebase of it onto something unrelated, whose last commit changes no image.
  await sandbox.git("checkout", "-q", "-b", "upstream", "HEAD~1")
  await sandbox.write({ "unrelated.md": "other words\n" })
  await commit(sandbox, "Upstream")
  await sandbox.git("checkout", "-q", "main")
  await sandbox.git("rebase", "-q", "upstream")
  await sandbox.write({ "more.md": "words\n" })
  await commit(sandbox, "After the rebase")
  expect(await sandbox.git("diff", "--name-only", "HEAD^")).toBe("more.md")
  expect(Object.keys(await plan(sandbox))).toEqual(["lab"])
  expect(built(await publish(sandbox))).toEqual(["lab"])
})

test("after a failed run and an unrelated commit, what had changed is still built and checked", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const first = await publish(sandbox)
  await sandbox.write({ "lab/lab.txt": "lab 2\n", "course/2026.1/state.txt": "bad\n" })
  await commit(sandbox, "Change the lab, break a course")
  expect((await publish(sandbox)).release).toBe(first.release)
  await sandbox.write({ "unrelated.md": "words\n" })
  await commit(sandbox, "Unrelated")
  expect(await sandbox.git("diff", "--name-only", "HEAD^")).toBe("unrelated.md")
  const again = await publish(sandbox)
  expect([again.code, again.release]).toEqual([1, first.release])
  // Nothing of this run was released: its own results are listed, the failure too.
  expect(again.images.find(({ image }) => image === "course:2026.1")).toMatchObject({
    tags: [],
    checks: { failed: 1 },
  })
  await sandbox.write({ "course/2026.1/state.txt": "ok\n" })
  await commit(sandbox, "As it was")
  const mended = await publish(sandbox)
  const of = (published: Published, row: string): string | undefined =>
    published.images.find(({ image }) => image === row)?.digest
  expect(mended.code).toBe(0)
  expect([of(mended, "lab") === of(first, "lab"), of(mended, "course:2026.1") === of(first, "course:2026.1")]).toEqual([
    false,
    true,
  ])
})

test("with tagging: changed only new images get new tags, and a dry run names those and no others", async () => {
  await using registry = await startRegistry(host)
  const parent = await pushTiny(host, registry.address)
  await using sandbox = await openTree(registry.address, parent)
  const store = openRegistry(registry.address, host, {})
  await sandbox.write({ "nbstacks.yaml": `tagging: changed\n${treeText(registry.address, parent)}` })
  await commit(sandbox, "Tag what changed")
  const dryTags = async (): Promise<readonly string[]> => {
    const { stdout } = await sandbox.nbstacks("publish", "--dry-run", "--json")
    const { tags }: { tags: { image: string; tags: string[] }[] } = JSON.parse(stdout)
    return tags.flatMap(({ image, tags: names }) => names.map((name) => `${image} ${name}`)).toSorted()
  }
  const predicted = await dryTags()
  const first = await publish(sandbox)
  const tagged = ({ images }: Published): readonly string[] =>
    images.flatMap(({ image, tags }) => tags.map((name) => `${image} ${name}`)).toSorted()
  expect(tagged(first)).toEqual(predicted)
  expect(await dryTags()).toEqual([])
  expect((await sandbox.nbstacks("publish", "--dry-run")).stdout).toContain(`${first.release} is the same`)
  await sandbox.write({ "lab/lab.txt": "lab 2\n" })
  await commit(sandbox, "Change the lab")
  expect((await dryTags()).map((line) => line.split(" ")[0])).toEqual(["lab"])
  const second = await publish(sandbox)
  expect(await tagsOf(store, "course")).toEqual([`2026.1-${first.release}`, `2026.2-${first.release}`])
  expect(await tagsOf(store, "lab")).toEqual([first.release, second.release].toSorted())
})

test("parts of a tree are planned, built and published; the other rows keep their images and get the release's tags", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const store = openRegistry(registry.address, host, {})
  const first = await publish(sandbox)
  await sandbox.write({ "lab/lab.txt": "lab 2\n", "solo/state.txt": "ok 2\n" })
  await commit(sandbox, "Change two")
  expect(Object.keys(await plan(sandbox, "--only", "lab"))).toEqual(["lab"])
  expect(Object.keys(await plan(sandbox, "--except", "lab"))).toEqual(["solo"])
  const second = await publish(sandbox, "--only", "lab")
  expect([second.code, built(second)]).toEqual([0, ["lab"]])
  expect(second.stderr).toContain(`solo keeps its image of ${first.release}.`)
  expect(await tagsOf(store, "solo")).toEqual([first.release, second.release].toSorted())
  expect(Object.keys(await plan(sandbox))).toEqual(["solo"])
})

test("a row on its own that fails at first leaves the release partial", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.write({ "solo/state.txt": "bad\n" })
  await commit(sandbox, "Break the row on its own")
  const first = await publish(sandbox)
  expect([first.code, first.images.some(({ image }) => image === "solo")]).toEqual([1, false])
  expect(first.stderr).toContain("so the release is partial: solo.")
  expect(await recordOf(registry.address)).toMatchObject({ partial: true, source: { dirty: false } })
})

test("a moved external parent rebuilds what is on it, because of the lock", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await publish(sandbox)
  const store = openRegistry(registry.address, host, {})
  const other = await pushTiny(host, registry.address, "2")
  const moved = await store.headManifest("tiny", "2")
  await store.tag("tiny", "1", moved!.digest)
  expect(await plan(sandbox)).toEqual({})
  const { stderr, stdout, code } = await sandbox.nbstacks("lock", "--upgrade")
  expect(code).toBe(0)
  expect(stdout + stderr).toContain(other.replace(":2", ":1"))
  const reasons = await plan(sandbox)
  expect(Object.keys(reasons)).toEqual(["base", "course:2026.1", "course:2026.2", "solo", "lab"])
  expect(reasons["base"]).toEqual([{ kind: "lock", reference: other.replace(":2", ":1") }])
})

test("an image that is gone from the registry is noticed when asked, and built again", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const first = await publish(sandbox)
  const digest = first.images.find(({ image }) => image === "solo")?.digest ?? ""
  const { status } = await host.http({
    method: "DELETE",
    url: `http://${registry.address}/v2/solo/manifests/${digest}`,
  })
  expect(status).toBe(202)
  expect(await plan(sandbox)).toEqual({})
  expect((await plan(sandbox, "--verify"))["solo"]).toEqual([{ kind: "gone" }])
  // The local store has it still; without that it is made again.
  await host.files.remove(sandbox.env["NBSTACKS_STORE"] ?? "")
  await sandbox.write({
    "nbstacks.yaml": `${await host.files.readText(join(sandbox.folder, "nbstacks.yaml"))}\n# again\n`,
  })
  await commit(sandbox, "Nothing but a remark")
  await sandbox.nbstacks("plan", "--verify", "--out", "../plan.json")
  const again = await publish(sandbox, "--plan", "../plan.json")
  expect([again.code, built(again)]).toEqual([0, ["solo"]])
  const store = openRegistry(registry.address, host, {})
  expect(
    await store.headManifest("solo", again.images.find(({ image }) => image === "solo")?.digest ?? ""),
  ).toBeDefined()
})

test("a dirty tree is refused, unless asked for, and then the release says so", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.write({ "lab/lab.txt": "not committed\n" })
  const refused = await sandbox.nbstacks("publish")
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain("--allow-dirty")
  expect((await publish(sandbox, "--allow-dirty")).code).toBe(0)
  expect(await recordOf(registry.address)).toMatchObject({ partial: false, source: { dirty: true, branch: "main" } })
})

test("a dry run and a pull request's run push nothing", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const store = openRegistry(registry.address, host, {})
  const dry = await sandbox.nbstacks("publish", "--dry-run")
  expect(dry.code).toBe(0)
  expect(dry.stdout).toContain("course")
  const pull = await sandbox.nbstacks("publish", "--no-push")
  expect(pull.code).toBe(0)
  for (const repository of ["nbstacks", "course", "lab"]) expect(await tagsOf(store, repository)).toEqual([])
  // Nothing of it feeds a release.
  const first = await publish(sandbox)
  expect(built(first)).toContain("lab")
  expect(first.stderr).toContain("solo  checked")
  // Its checks neither, and what is released is not built again for it.
  await sandbox.write({
    "nbstacks.yaml": (await host.files.readText(join(sandbox.folder, "nbstacks.yaml"))).replace(
      "grep -q ok /srv/solo",
      "grep ok /srv/solo",
    ),
  })
  await commit(sandbox, "Change a check")
  const again = await sandbox.nbstacks("publish", "--no-push")
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("0 rows built, 5 reused")])
  expect(again.stderr).toContain("solo  checked")
  const { stdout } = await sandbox.nbstacks("plan", "--json")
  expect((JSON.parse(stdout) as { check: { image: string }[] }).check.map(({ image }) => image)).toEqual(["solo"])
  expect((await publish(sandbox)).stderr).toContain("solo  checked")
})

test("without a registry a tree is published to the local store", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  await sandbox.write({
    "nbstacks.yaml": treeText("REGISTRY", `${registry.address}/tiny:1`).replace("registry: REGISTRY\n", ""),
  })
  await commit(sandbox, "Stay here")
  const first = await publish(sandbox)
  expect([first.code, built(first).length]).toEqual([0, 5])
  const second = await publish(sandbox)
  expect([second.release, built(second)]).toEqual([first.release, []])
})

test("a saved plan is run as it is, and refused when its inputs changed", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const first = await sandbox.nbstacks("plan", "--json", "--out", "../plan.json")
  const second = await sandbox.nbstacks("plan", "--json")
  expect(first.stdout).toBe(second.stdout)
  await sandbox.write({ "lab/lab.txt": "changed since\n" })
  await commit(sandbox, "Change")
  const refused = await sandbox.nbstacks("publish", "--plan", "../plan.json")
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain("nbstacks plan")
  await sandbox.nbstacks("plan", "--out", "../plan.json")
  expect((await publish(sandbox, "--plan", "../plan.json")).code).toBe(0)
})

test("a tag that somebody else wrote is never overwritten", async () => {
  await using registry = await startRegistry(host)
  await using sandbox = await openTree(registry.address, await pushTiny(host, registry.address))
  const store = openRegistry(registry.address, host, {})
  await sandbox.write({
    "nbstacks.yaml": `tags: ["{git}"]\n${treeText(registry.address, `${registry.address}/tiny:1`)}`,
  })
  await commit(sandbox, "Tag by commit")
  const commitId = await sandbox.git("rev-parse", "HEAD")
  const theirs = await store.readManifest("tiny", "1")
  const { mediaType } = theirs!.descriptor
  await host.http({ method: "GET", url: `http://${registry.address}/v2/` })
  const image: {
    config: { digest: `sha256:${string}`; size: number; mediaType: string }
    layers: { digest: `sha256:${string}`; size: number; mediaType: string }[]
  } = JSON.parse(Buffer.from(theirs!.bytes).toString())
  for (const blob of [image.config, ...image.layers])
    await store.writeBlob("lab", blob, () => store.read("tiny", blob.digest), { from: "tiny" })
  await store.tag("lab", commitId.slice(0, 7), await store.writeManifest("lab", theirs!.bytes, mediaType))
  const refused = await sandbox.nbstacks("publish")
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain("is not overwritten")
  expect(await tagsOf(store, "course")).toEqual([])
})
