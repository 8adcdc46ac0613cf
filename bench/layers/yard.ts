import { join } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import type { Store } from "../../src/oci/store/store.ts"
import { debianBase } from "../../test/support/debian.ts"
import { startRegistry, type RunningRegistry } from "../../test/support/registry.ts"
import type { Run } from "../measure.ts"

/** A run with the bytes of blobs that the registry has more after it. */
export type Sent = Run & { readonly sent: number }

/** A registry on loopback with nothing but a Debian base in it, to which all that is measured is sent. */
export type Yard = AsyncDisposable & {
  readonly host: Host
  readonly address: string
  readonly store: Store
  /** The base, by its tag. */
  readonly base: string
  /** Makes the registry as it was at first. Nothing else may be talking to it. */
  reset(): Promise<void>
  /** Runs something, says on stderr what it took, and gives the bytes that the registry has more after it. */
  sending(what: string, run: () => Promise<Run>): Promise<Sent>
}

export async function openYard(host: Host): Promise<Yard> {
  const registry = await startRegistry(host)
  try {
    return await fill(host, registry)
  } catch (error) {
    await registry[Symbol.asyncDispose]()
    throw error
  }
}

async function fill(host: Host, registry: RunningRegistry): Promise<Yard> {
  const { address, folder } = registry
  const [data, first] = [join(folder, "data"), join(folder, "first")]
  const store = openRegistry(address, host, {})
  const made = await debianBase(host, openLayout(join(folder, "debian"), host))
  await copyManifest(made, { store, repository: "base" })
  await store.tag("base", "1", made.digest)
  await run(host, ["cp", "--archive", data, first])
  return {
    host,
    address,
    store,
    base: `${address}/base:1`,
    async reset() {
      // The registry is set up without a cache: what it says is what is on its disk.
      await host.files.remove(data)
      await run(host, ["cp", "--archive", first, data])
    },
    async sending(what, work) {
      const before = await held(host, data)
      const done = await work()
      const sent = (await held(host, data)) - before
      console.error(`  ${what}: ${done.seconds.toFixed(2)} s, ${(sent / 1_000_000).toFixed(1)} MB sent`)
      return { ...done, sent }
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  }
}

/** The bytes of all blobs on a registry's disk. */
async function held(host: Host, data: string): Promise<number> {
  const blobs = join(data, "docker/registry/v2/blobs")
  const found = await run(host, ["find", blobs, "-type", "f", "-printf", "%s\n"])
  return found.split("\n").reduce((sum, size) => sum + Number(size), 0)
}

async function run(host: Host, argv: readonly [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await host.run({ argv })
  if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`)
  return stdout
}
