import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { startFaultProxy } from "../support/fault-proxy.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox } from "../support/sandbox.ts"
import { pushTiny } from "../support/tiny.ts"

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
