import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { documentedFields } from "../../src/config/fields.ts"
import type { Host } from "../../src/host/host.ts"
import { openSandbox, program, type Sandbox } from "../../test/support/sandbox.ts"
import { measure, type Run } from "../measure.ts"
import type { Inputs } from "./inputs.ts"
import type { Sent, Yard } from "./yard.ts"

/** nbstacks in a folder of its own, with the wheels in its cache. */
export type Ours = AsyncDisposable & {
  /** Writes a file of requirements; `whole` is the environment's own. */
  write(name: string, requirements: string): Promise<void>
  /** `build --to` the yard's registry. */
  build(): Promise<Sent>
  /** Builds to there, and gives the image by its digest there. */
  reference(): Promise<string>
  /** Publishes to other repositories of there, and gives the image by its digest: evidence is beside it, and beside no other. */
  published(): Promise<string>
  /** Forgets all that was built, and all of the cache but the wheels. */
  forget(): Promise<void>
  /** Forgets all that was built, and finished layers; what else the cache has stays. */
  forgetLayers(): Promise<void>
}

/** The fields of an image that these rows need; rows whose fields the program does not know are left out. */
export function isKnown(field: string): boolean {
  return documentedFields().some(({ path }) => path === `images.*.${field}`)
}

/**
 * Wheels are where fetching them puts them, with what it notes of them; what the program compiled of itself was there since its first start. The
 * base is known, as it is to the peers' daemons.
 */
const always = ["wheels", "projects", "code", "parents", "headers"]
/** An image that adds a variable to the base: who builds it has the base. */
const known = "known"

/** A tree of one image, `whole`, with these fields beside its environment; or of one image a class. */
export async function openOurs(
  yard: Yard,
  inputs: Pick<Inputs, "whole" | "changed" | "classes" | "wheels">,
  { fields = "", classes = false }: { readonly fields?: string; readonly classes?: boolean } = {},
): Promise<Ours> {
  const { host, address } = yard
  const sandbox = await openSandbox(host, {
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: pathToFileURL(inputs.wheels).href,
    PATH: await plainPath(host),
  })
  const names = classes ? Object.keys(inputs.classes) : ["whole"]
  const image = (name: string): string =>
    `  ${name}: {from: "${yard.base}", environment: environments/${name}, checks: {profile: none}${fields}}\n`
  const write = (name: string, text: string): Promise<void> =>
    sandbox.write({ [`environments/${name}/requirements.txt`]: text })
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n${names.map(image).join("")}  ${known}: {from: "${yard.base}", env: {KNOWN: "1"}, checks: {profile: none}}\n`,
  })
  for (const name of names) await write(name, inputs.classes[name] ?? inputs.whole)
  const forget = async (goes: (folder: string) => boolean): Promise<void> => {
    await host.files.remove(sandbox.env["NBSTACKS_STORE"] ?? "")
    const cache = sandbox.env["NBSTACKS_CACHE"] ?? ""
    for (const { name } of (await host.files.list(cache)) ?? [])
      if (goes(name)) await host.files.remove(join(cache, name))
    await nbstacks(yard, sandbox, "build", known)
  }
  const wanted = ["build", "--except", known] as const
  const ours: Ours = {
    write,
    build: () => yard.sending("nbstacks", () => nbstacks(yard, sandbox, ...wanted, "--to", address)),
    async reference() {
      const { output } = await nbstacks(yard, sandbox, ...wanted, "--to", address, "--json")
      const found = /"reference": "(.*)"/.exec(output)?.[1]
      if (found === undefined) throw new Error(output)
      return found
    },
    async published() {
      const { output } = await nbstacks(yard, sandbox, "publish", "--registry", `${address}/own`, "--json")
      const found = new RegExp(`"reference": "(.*/whole@.*)"`).exec(output)?.[1]
      if (found === undefined) throw new Error(output)
      return found
    },
    forget: () => forget((name) => !always.includes(name)),
    forgetLayers: () => forget((name) => name === "layers"),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  }
  try {
    await nbstacks(yard, sandbox, "lock")
    // Both versions of the wheel that changes, so that no run has to fetch one.
    if (!classes && inputs.changed !== inputs.whole) {
      await write("whole", inputs.changed)
      await nbstacks(yard, sandbox, "build")
      await write("whole", inputs.whole)
    }
    await nbstacks(yard, sandbox, "build")
  } catch (error) {
    await sandbox[Symbol.asyncDispose]()
    throw error
  }
  return ours
}

/** PATH with a `python3` that is a program, not a script that chooses one: starting that takes a second. */
async function plainPath(host: Host): Promise<string> {
  const { stdout } = await host.run({ argv: ["python3", "-c", "import sys; print(sys.executable)"] })
  return `${dirname(stdout.trim())}:${host.env["PATH"] ?? ""}`
}

function nbstacks({ host }: Yard, { folder, env }: Sandbox, ...args: readonly string[]): Promise<Run> {
  return measure(host, { argv: [program, ...args], cwd: folder, env })
}
