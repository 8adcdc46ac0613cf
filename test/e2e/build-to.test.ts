import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { debianImage } from "../support/native.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox, program } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"
import { wheelOf } from "../support/wheels.ts"

const host = makeHost(process.env)

test("what the row's image before has is not asked for, and is sent if the registry lost it", async () => {
  await using parents = await startRegistry(host)
  await using registry = await startRegistry(host)
  await using proxy = await startFaultProxy(host, registry.address)
  await using sandbox = await openSandbox(host)
  await sandbox.write({
    "nbstacks.yaml": `version: 1
images:
  class:
    from: ${await pushTiny(host, parents.address)}
    files: [{from: class, to: /srv/class/}]
    checks: {profile: none}
`,
    "class/a.txt": "1\n",
  })
  expect(await sandbox.nbstacks("lock")).toMatchObject({ code: 0 })
  const build = async (): Promise<{ readonly digest: string; readonly blobs: readonly string[] }> => {
    const before = proxy.seen.length
    const { code, stdout, stderr } = await sandbox.nbstacks("build", "--to", proxy.address, "--json")
    expect([code, stderr]).toEqual([0, stderr])
    const [{ digest } = { digest: "" }] = (JSON.parse(stdout) as { images: { digest: string }[] }).images
    const asked = proxy.seen.slice(before).filter(({ target }) => target.startsWith("/v2/class/blobs/sha256:"))
    return { digest, blobs: asked.map(({ target }) => target.replace("/v2/class/blobs/", "")) }
  }
  const layersOf = async (digest: string): Promise<readonly string[]> => {
    const manifest = await openRegistry(registry.address, host, {}).readManifest("class", digest)
    const { config, layers } = JSON.parse(Buffer.from(manifest?.bytes ?? []).toString("utf8")) as {
      config: { digest: string }
      layers: { digest: string }[]
    }
    return [config, ...layers].map((one) => one.digest)
  }

  const first = await build()
  const [, shared = ""] = await layersOf(first.digest)
  expect(new Set(first.blobs)).toEqual(new Set(await layersOf(first.digest)))

  await sandbox.write({ "class/a.txt": "2\n" })
  const second = await build()
  const [config = "", parent = "", own = ""] = await layersOf(second.digest)
  expect(parent).toBe(shared)
  expect(new Set(second.blobs)).toEqual(new Set([config, own]))

  // A registry that lists a manifest whose layer it has no more refuses the next one until it has that.
  const from = proxy.seen.length
  const isAsked = (): boolean => proxy.seen.slice(from).some(({ target }) => target.endsWith(`/blobs/${shared}`))
  const body = JSON.stringify({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN", detail: shared }] })
  proxy.fault = ({ method, target }) =>
    method === "PUT" && target.startsWith("/v2/class/manifests/") && !isAsked()
      ? { kind: "answer", status: 400, body }
      : undefined
  await sandbox.write({ "class/a.txt": "3\n" })
  const third = await build()
  expect(third.blobs).toContain(shared)
  expect(await layersOf(third.digest)).toContain(shared)
})

test("layers are sent while others are made, and again with the image if that fails", async () => {
  await using registry = await startRegistry(host)
  await using proxy = await startFaultProxy(host, registry.address)
  const store = openRegistry(registry.address, host, {})
  await store.tag("debian", "1", (await writeImage(debianImage(), { store, repository: "debian" })).digest)
  const wheels = ["alpha", "beta"].map((name) =>
    wheelOf({
      name,
      version: "1.0",
      members: [{ path: `${name}/data.bin`, content: randomBytes(1_500_000), method: 0 }],
    }),
  )
  await using sandbox = await openSandbox(host, { PIP_NO_INDEX: "1" })
  for (const { filename, bytes } of wheels) await host.files.write(join(sandbox.folder, "wheels", filename), bytes)
  const links = join(sandbox.folder, "wheels")
  const row = (name: string): string =>
    `  ${name}: {from: "${registry.address}/debian:1", environment: env, checks: {profile: none}}\n`
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n${row("first")}${row("second")}`,
    "env/requirements.txt": wheels
      .map(({ sha256 }, at) => `${["alpha", "beta"][at]}==1.0 --hash=sha256:${sha256}\n`)
      .join(""),
  })
  const run = async (...args: readonly string[]): Promise<string> => {
    const env = { ...sandbox.env, PIP_FIND_LINKS: links }
    const { code, stdout, stderr } = await host.run({
      argv: [program, ...args],
      cwd: sandbox.folder,
      env,
      timeout: 120_000,
    })
    expect([code, stderr]).toEqual([0, stderr])
    return stdout
  }
  await run("lock")

  await run("build", "first", "--to", proxy.address)
  const asked = proxy.seen.map(({ method, target }) => `${method} ${target.replace(/[?:].*/, "")}`)
  expect(asked.indexOf("HEAD /v2/first/blobs/sha256")).toBeLessThan(asked.indexOf("HEAD /v2/first/manifests/sha256"))
  expect(asked.indexOf("HEAD /v2/first/blobs/sha256")).toBeGreaterThan(-1)
  const sent = proxy.seen.flatMap(({ method, target }) =>
    method === "PUT" ? (/^\/v2\/first\/blobs\/uploads\/.*digest=([^&]*)/.exec(target)?.[1] ?? []) : [],
  )
  // Of the parent, the environment itself, two packages and the config, each once.
  expect([sent.length, new Set(sent).size]).toEqual([5, 5])

  // A registry that refuses whatever comes before the image.
  await host.files.remove(sandbox.env["NBSTACKS_STORE"] as string)
  await host.files.remove(join(sandbox.env["NBSTACKS_CACHE"] as string, "layers"))
  const from = proxy.seen.length
  let refused = 0
  proxy.fault = ({ method, target }) => {
    const isWhole = proxy.seen
      .slice(from)
      .some((one) => one.method === "HEAD" && one.target.startsWith("/v2/second/manifests/"))
    if (isWhole || method !== "POST" || !target.startsWith("/v2/second/blobs/uploads")) return undefined
    refused++
    return { kind: "answer", status: 403, body: JSON.stringify({ errors: [{ code: "DENIED" }] }) }
  }
  const [made] = (
    JSON.parse(await run("build", "second", "--to", proxy.address, "--json")) as { images: { digest: string }[] }
  ).images
  expect(refused).toBeGreaterThan(0)
  expect(await store.headManifest("second", made?.digest ?? "")).toBeDefined()
})
