import { createHash } from "node:crypto"
import { join, resolve } from "node:path"
import { cacheFolder } from "../../src/files/cache-folder.ts"
import type { Host } from "../../src/host/host.ts"

/** What is measured: texts of locked requirements, and a folder with all the wheels that they name. */
export type Inputs = {
  readonly whole: string
  /** How many packages that locks. */
  readonly packages: number
  /** The same with another version of `changedPackage`. */
  readonly changed: string
  /** The size of that one wheel, in bytes. */
  readonly changedWheel: number
  /** By the name of a class: the whole and one small wheel more, another one each. */
  readonly classes: Readonly<Record<string, string>>
  readonly wheels: string
}

const folder = resolve(import.meta.dirname, "../environments")
const changedPackage = "pandas"

/** Reads the locks, and brings their wheels from the configured index into the user's cache if they are not there. */
export async function readInputs(host: Host): Promise<Inputs> {
  const read = (name: string): Promise<string> => host.files.readText(join(folder, `${name}.txt`))
  const [whole, other, additions] = [await read("science"), await read(changedPackage), await read("classes")]
  const packages = locked(whole)
  const old = packages.get(changedPackage)
  if (old === undefined) throw new Error(`the environment has no ${changedPackage}`)
  const wheels = await download(host, [whole, other, additions])
  const names = ((await host.files.list(wheels)) ?? []).map(({ name }) => name)
  const version = /==(\S+)/.exec(other)?.[1] ?? ""
  const wheel = names.find((name) => name.startsWith(`${changedPackage}-${version}-`)) ?? ""
  return {
    whole,
    packages: packages.size,
    changed: whole.replace(old, other),
    changedWheel: (await host.files.stat(join(wheels, wheel)))?.size ?? Number.NaN,
    classes: Object.fromEntries([...locked(additions)].map(([name, text]) => [name, whole + text])),
    wheels,
  }
}

/** The lines of each package, by its name. */
function locked(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/^([a-z0-9-]+)==.*\n(?:[ \t].*\n)*/gm)
  return new Map([...found].map(([lines, name = ""]) => [name, lines]))
}

async function download(host: Host, texts: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 16)
  const wheels = join(cacheFolder(host), "bench", `wheels-${hash}`)
  if ((await host.files.stat(wheels)) !== undefined) return wheels
  const fresh = await host.files.makeTemporary("wheels-", await made(host, join(wheels, "..")))
  for (const text of texts) {
    const list = join(fresh, "requirements.txt")
    await host.files.write(list, text)
    const options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", fresh]
    const { code, stderr } = await host.run({
      argv: ["python3", "-m", "pip", "download", ...options, "--requirement", list],
      timeout: 600_000,
    })
    if (code !== 0) throw new Error(stderr)
    await host.files.remove(list)
  }
  await host.files.rename(fresh, wheels)
  return wheels
}

async function made(host: Host, path: string): Promise<string> {
  await host.files.makeDirectory(path)
  return path
}
