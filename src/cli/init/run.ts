import { join } from "node:path"
import { configFile } from "../../config/read.ts"
import { starter } from "../../config/starter.ts"
import { Failure } from "../../failure.ts"
import type { Context } from "../context.ts"
import { lock } from "../lock/run.ts"
import type { InitOptions } from "./flags.ts"

/** Writes a commented `nbstacks.yaml` with what it needs beside it, and locks it. Overwrites nothing unless forced. */
export async function init(context: Context, options: InitOptions): Promise<number> {
  const { io, host, folder } = context
  const written: string[] = []
  const files = await starterFiles(context)
  const there = (
    await Promise.all(
      Object.keys(files).map(async (path) => ({ path, stat: await host.files.stat(join(folder, path)) })),
    )
  ).filter(({ stat }) => stat !== undefined)
  if (there.length > 0 && options.force !== true)
    throw new Failure("cannot", `There is ${there.map(({ path }) => path).join(", ")} already`, {
      hint: "Use --force to overwrite, or `-C DIR` for another folder",
    })
  for (const [path, text] of Object.entries(files)) {
    await host.files.write(join(folder, path), text)
    written.push(path)
  }
  io.err(`Wrote ${written.join(", ")}.\n`)
  if (options.lock) {
    io.err("Asking apt which Debian packages there are …\n")
    await lock(context, {})
  }
  io.out(`Next: edit ${configFile}, then run \`nbstacks plan\` and \`nbstacks build\`.\n`)
  return 0
}

/** The lock that the starter's environment begins with: the one of the example. */
const example = join(import.meta.dirname, "../../../examples/quickstart/images/notebook")

async function starterFiles({ host }: Context): Promise<Readonly<Record<string, string>>> {
  const { text, environment } = starter()
  const names = ["requirements.in", "requirements.txt"]
  const texts = await Promise.all(
    names.map(async (name) => [`${environment}/${name}`, await host.files.readText(join(example, name))] as const),
  )
  return { [configFile]: text, ...Object.fromEntries(texts) }
}
