import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { makeHost } from "../../src/host/node/host.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { debianImage } from "./native.ts"
import { startRegistry } from "./registry.ts"
import { openSandbox, type Sandbox } from "./sandbox.ts"
import type { TestWheel } from "./wheels.ts"

const host = makeHost(process.env)

export type Hub = AsyncDisposable & {
  readonly sandbox: Sandbox
  /** The folder in which wheels are looked for: the only place. */
  readonly wheels: string
}

/** The line of a lock for a wheel. */
export function pin({ filename, sha256 }: TestWheel): string {
  const [name = "", version = ""] = filename.split("-")
  return `${name}==${version} --hash=sha256:${sha256}\n`
}

/**
 * A tree on a small Debian, locked (of several versions of a wheel the last), whose wheels are in a folder of the user's.
 *
 * @param rows each row's own fields by its name, such as `bytecode: all`; all have the environment `e`
 */
export async function openHub(
  wheels: readonly TestWheel[],
  rows: Readonly<Record<string, string>>,
  python?: string,
): Promise<Hub> {
  await using stack = new AsyncDisposableStack()
  const registry = stack.use(await startRegistry(host))
  const store = openRegistry(registry.address, host, {})
  const { digest } = await writeImage(debianImage(python), { store, repository: "debian" })
  await store.tag("debian", "1", digest)
  const folder = await host.files.makeTemporary("nbstacks-hub-")
  stack.defer(() => host.files.remove(folder))
  for (const { filename, bytes } of wheels) await host.files.write(join(folder, filename), bytes)
  const sandbox = stack.use(
    await openSandbox(host, {
      PIP_CONFIG_FILE: "/dev/null",
      PIP_NO_INDEX: "1",
      PIP_FIND_LINKS: pathToFileURL(folder).href,
    }),
  )
  const images = Object.entries(rows).map(
    ([name, more]) =>
      `  ${name}: {from: "${registry.address}/debian:1", environment: e${more === "" ? "" : `, ${more}`}}\n`,
  )
  const newest = new Map(wheels.map((wheel) => [wheel.filename.split("-")[0], wheel]))
  await sandbox.write({
    "nbstacks.yaml": `version: 1\ndefaults: {checks: {profile: none}}\nimages:\n${images.join("")}`,
    "e/requirements.txt": [...newest.values()].map((wheel) => pin(wheel)).join(""),
  })
  const { code, stderr } = await sandbox.nbstacks("lock")
  if (code !== 0) throw new Error(stderr)
  const kept = stack.move()
  return { sandbox, wheels: folder, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
