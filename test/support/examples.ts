import { cp } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Host } from "../../src/host/host.ts"
import { openSandbox, type Sandbox } from "./sandbox.ts"

/** Where downloads of all test runs of this user are kept; wheels by their hash, so that they cannot be wrong. */
const kept = (host: Pick<Host, "machine">): string => join(host.machine.home, ".cache", "nbstacks-tests", "wheels")

export type ExampleName = "quickstart" | "datahub"

export type ExampleOptions = {
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Text that replaces other text in nbstacks.yaml. */
  readonly replace?: Readonly<Record<string, string>>
}

/**
 * A copy of an example in a sandbox: committed, and locked unless `lock` is false. Everything is built anew there, only
 * wheels are not downloaded twice.
 */
export async function openExample(
  host: Host,
  name: ExampleName,
  { env = {}, replace = {} }: ExampleOptions = {},
): Promise<Sandbox> {
  const sandbox = await openSandbox(host, env)
  try {
    await cp(resolve(import.meta.dirname, "../../examples", name), sandbox.folder, { recursive: true })
    const path = join(sandbox.folder, "nbstacks.yaml")
    let text = await host.files.readText(path)
    for (const [from, to] of Object.entries(replace)) {
      if (!text.includes(from)) throw new Error(`nbstacks.yaml of ${name} has no ${from}`)
      text = text.replace(from, () => to)
    }
    await host.files.write(path, text)
    await host.files.makeDirectory(kept(host))
    await host.files.makeDirectory(sandbox.env["NBSTACKS_CACHE"] ?? "")
    await host.files.symlink(kept(host), join(sandbox.env["NBSTACKS_CACHE"] ?? "", "wheels"))
    await sandbox.git("init", "-q", "-b", "main")
    const { code, stderr } = await sandbox.nbstacks("lock")
    if (code !== 0) throw new Error(`lock ended with ${code}: ${stderr}`)
    await commit(sandbox, "Begin")
    return sandbox
  } catch (error) {
    await sandbox[Symbol.asyncDispose]()
    throw error
  }
}

/** Commits everything. */
export async function commit(sandbox: Sandbox, message: string): Promise<void> {
  await sandbox.git("add", "-A")
  await sandbox.git("commit", "-q", "-m", message)
}

/** What `publish --json` prints, with its exit code and its story. */
export type Published = {
  readonly code: number
  readonly stderr: string
  readonly release: string | null
  readonly images: readonly {
    readonly image: string
    readonly platform: string
    readonly digest: string
    readonly reference: string
    readonly tags: readonly string[]
    readonly built: boolean
    readonly checks: { readonly passed: number; readonly failed: number }
  }[]
}

/** Publishes with bubblewrap for the checks. */
export async function publish(sandbox: Sandbox, ...args: readonly string[]): Promise<Published> {
  const { code, stdout, stderr } = await sandbox.nbstacks("publish", "--json", "--runtime", "bubblewrap", ...args)
  if (stdout === "") throw new Error(`publish ended with ${code}: ${stderr}`)
  return { ...JSON.parse(stdout), code, stderr }
}

/** The rows that a publish built, in the order of their names. */
export function built({ images }: Published): readonly string[] {
  return images.filter((one) => one.built).map(({ image }) => image)
}

/** The digest of a row in a release. */
export function digestIn({ images }: Published, row: string): string {
  const found = images.find(({ image }) => image === row)
  if (found === undefined) throw new Error(`the release has no ${row}`)
  return found.digest
}

/** What `plan --json` prints. */
export type Planned = {
  /** Reasons by row. */
  readonly builds: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>
  readonly waves: readonly (readonly string[])[]
  readonly reuse: readonly string[]
  readonly skipped: readonly { readonly image: string; readonly reason: string }[]
  readonly check: readonly { readonly image: string; readonly need: string }[]
}

export async function plan(sandbox: Sandbox, ...args: readonly string[]): Promise<Planned> {
  const { code, stdout, stderr } = await sandbox.nbstacks("plan", "--json", ...args)
  if (code !== 0) throw new Error(`plan ended with ${code}: ${stderr}`)
  const value: {
    waves: { image: string; reasons: Record<string, string>[] }[][]
    reuse: { image: string }[]
    skipped: { image: string; reason: string }[]
    check: { image: string; need: string }[]
  } = JSON.parse(stdout)
  return {
    builds: Object.fromEntries(value.waves.flat().map(({ image, reasons }) => [image, reasons])),
    waves: value.waves.map((wave) => wave.map(({ image }) => image)),
    reuse: value.reuse.map(({ image }) => image),
    skipped: value.skipped,
    check: value.check.map(({ image, need }) => ({ image, need })),
  }
}

/** Replaces the one requirement of a file that names a project, with its hashes. */
export function withRequirement(text: string, project: string, line: string): string {
  const entry = requirementEntry(project)
  if (!entry.test(text)) throw new Error(`${project} is not there`)
  return text.replace(entry, () => line)
}

/** A requirement of an example, with its hashes. */
export async function exampleRequirement(host: Host, folder: string, project: string): Promise<string> {
  const path = resolve(import.meta.dirname, "../../examples", folder, "requirements.txt")
  const found = requirementEntry(project).exec(await host.files.readText(path))?.[0]
  if (found === undefined) throw new Error(`${project} is not in ${path}`)
  return found
}

function requirementEntry(project: string): RegExp {
  return new RegExp(`^${project}==[^\\n]*\\n(?:[ \\t]+--hash[^\\n]*\\n)*`, "m")
}

/** A pinned requirement with the hash of its wheel, as pip downloads it by this machine's own configuration. */
export async function pinned(host: Host, project: string, version: string): Promise<string> {
  const folder = await host.files.makeTemporary("nbstacks-wheel-")
  try {
    const argv = ["python3", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"] as const
    const { code, stderr } = await host.run({ argv: [...argv, "--dest", folder, `${project}==${version}`] })
    const [wheel] = (await host.files.list(folder)) ?? []
    if (code !== 0 || wheel === undefined) throw new Error(`pip download: ${stderr}`)
    const sum = await host.run({ argv: ["sha256sum", join(folder, wheel.name)] })
    return `${project}==${version} \\\n    --hash=sha256:${sum.stdout.slice(0, 64)}\n`
  } finally {
    await host.files.remove(folder)
  }
}
