import { cp } from "node:fs/promises"
import { createHash } from "node:crypto"
import { join, resolve } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { openLayout, type Layout } from "../../src/oci/store/layout/layout.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"
import { debianBase } from "./debian.ts"
import { startDocker } from "./docker.ts"
import { installGo } from "./go-install.ts"

/** How an image is made whose contents are known, and what it is asked about itself. */
export type Recipe = {
  /** The folder of `test/images` with its Dockerfile, which is built on a Debian. */
  readonly name: string
  /** Of Debian, in its base. */
  readonly packages: readonly string[]
  /** What is run in a container of it, as root, by name. */
  readonly asks: Readonly<Record<string, string>>
  /** Adds to the context what is not in the folder. */
  readonly prepare?: (context: string) => Promise<void>
}

/** What is in an image as syft finds it. */
export type SyftPackage = {
  readonly type: string
  readonly name: string
  readonly version: string
  readonly foundBy: string
  readonly paths: readonly string[]
}

export type KnownImage = {
  readonly store: Layout
  readonly repository: string
  readonly digest: string
  /** What the image said to each question. */
  readonly said: Readonly<Record<string, string>>
  readonly syft: readonly SyftPackage[]
}

/** syft of the version that the page of differences is about. */
export const syftTool = { name: "syft", path: "github.com/anchore/syft/cmd/syft", version: "v1.51.0" } as const
const repository = "known"

/**
 * The image of a recipe, built by Docker Engine without a network. It is asked, and read by syft, when it is made: all is kept in the
 * user's cache for as long as neither the recipe nor the base change, since the same image gives the same answers.
 */
export async function knownImage(host: Host, recipe: Recipe): Promise<KnownImage> {
  const cache = join(host.machine.home, ".cache", "nbstacks-tests")
  const source = resolve(import.meta.dirname, "../images", recipe.name)
  const scratch = openLayout(join(cache, "known-bases"), host)
  const base = await debianBase(host, scratch, recipe.packages)
  const hash = createHash("sha256").update(JSON.stringify([1, base.digest, recipe.asks, syftTool]))
  for (const path of await filesBelow(host, source)) hash.update(path).update(await host.files.read(join(source, path)))
  const folder = join(cache, `known-${recipe.name}-${hash.digest("hex").slice(0, 16)}`)
  await using _alone = await host.files.lock(`${folder}.lock`, { timeout: 1_200_000 })
  const store = openLayout(folder, host)
  const kept = join(folder, "said.json")
  if ((await host.files.stat(kept)) === undefined) {
    await copyManifest(base, { store, repository: "base" })
    const made = await make(host, { recipe, source, store, digest: base.digest })
    await host.files.write(kept, JSON.stringify(made))
  }
  const said = JSON.parse(await host.files.readText(kept)) as Omit<KnownImage, "store" | "repository">
  return { store, repository, ...said }
}

type Making = {
  readonly recipe: Recipe
  readonly source: string
  readonly store: Layout
  readonly digest: string
}

async function make(
  plain: Host,
  { recipe, source, store, digest }: Making,
): Promise<Omit<KnownImage, "store" | "repository">> {
  await using docker = await startDocker()
  await using server = await serveStore(store, plain, { port: 0 })
  const context = await plain.files.makeTemporary("nbstacks-known-")
  await using _ = { [Symbol.asyncDispose]: () => plain.files.remove(context) }
  await cp(source, context, { recursive: true })
  await recipe.prepare?.(context)
  const name = `${server.address}/${repository}:1`
  const base = `BASE=${server.address}/base@${digest}`
  const { code, stderr } = await docker.host.run({
    argv: ["/usr/bin/docker", "build", "--network", "none", "--tag", name, "--build-arg", base, context],
    env: { ...docker.host.env, DOCKER_BUILDKIT: "1" },
    timeout: 1_200_000,
  })
  if (code !== 0) throw new Error(stderr.slice(-6000))
  await docker.docker("push", "--quiet", name)
  const said: Record<string, string> = {}
  for (const [ask, command] of Object.entries(recipe.asks))
    said[ask] = await docker.docker("run", "--rm", "--network", "none", "--user", "0", name, "sh", "-c", command)
  await docker.docker("rmi", name)
  const found = await store.readManifest(repository, "1")
  return { digest: found?.descriptor.digest ?? "", said, syft: await syftOf(plain, name) }
}

/** The program; test files build it before their tests begin, since the first time that takes minutes. */
export function findSyft(host: Host): Promise<string> {
  return installGo(host, syftTool)
}

/** What syft finds in an image of a registry on loopback. By a digest it is asked once: the same image gives the same answer. */
export async function syftOf(host: Host, name: string): Promise<readonly SyftPackage[]> {
  const digest = /@sha256:([0-9a-f]{64})$/.exec(name)?.[1]
  const kept = join(host.machine.home, ".cache", "nbstacks-tests", `syft-${syftTool.version}-of`, `${digest}.json`)
  if (digest !== undefined && (await host.files.stat(kept)) !== undefined)
    return JSON.parse(await host.files.readText(kept)) as readonly SyftPackage[]
  const found = await scan(host, name)
  if (digest !== undefined) await host.files.write(kept, JSON.stringify(found))
  return found
}

async function scan(host: Host, name: string): Promise<readonly SyftPackage[]> {
  const program = await findSyft(host)
  const { code, stdout, stderr } = await host.run({
    argv: [program, "scan", `registry:${name}`, "--output", "json", "--quiet"],
    env: { ...host.env, SYFT_REGISTRY_INSECURE_USE_HTTP: "true", SYFT_CHECK_FOR_APP_UPDATE: "false" },
    timeout: 600_000,
  })
  if (code !== 0) throw new Error(stderr.slice(-4000))
  const { artifacts } = JSON.parse(stdout) as { artifacts: (SyftPackage & { locations: { path: string }[] })[] }
  return artifacts.map(({ type, name: called, version, foundBy, locations }) => ({
    type,
    name: called,
    version,
    foundBy,
    paths: locations.map(({ path }) => path),
  }))
}

async function filesBelow(host: Host, folder: string, below = ""): Promise<readonly string[]> {
  const entries = (await host.files.list(join(folder, below))) ?? []
  const found = await Promise.all(
    entries.map(async ({ name, kind }) =>
      kind === "directory" ? await filesBelow(host, folder, join(below, name)) : [join(below, name)],
    ),
  )
  return found.flat().sort()
}
