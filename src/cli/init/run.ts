import { join } from "node:path"
import { configFile } from "../../config/read.ts"
import { starter } from "../../config/starter.ts"
import { Failure, isFailure } from "../../failure.ts"
import { lockFile } from "../../lock/lock.ts"
import { programFolder } from "../../program.ts"
import { agreed } from "../agreed.ts"
import type { Context } from "../context.ts"
import { lock } from "../lock/run.ts"
import type { InitOptions } from "./flags.ts"

/** Writes a commented `nbstacks.yaml` with what it needs beside it, and locks it. Overwrites nothing unasked. */
export async function init(context: Context, options: InitOptions): Promise<number> {
  const { io, host, folder } = context
  const files = await starterFiles(context)
  const found = await Promise.all(
    Object.keys(files).map(async (path) => ({ path, stat: await host.files.stat(join(folder, path)) })),
  )
  const there = found.flatMap(({ path, stat }) => (stat === undefined ? [] : [path]))
  if (there.length > 0 && !(await mayOverwrite(there, context, options))) {
    io.err("Nothing was written.\n")
    return 1
  }
  for (const [path, text] of Object.entries(files)) await host.files.write(join(folder, path), text)
  io.err(`Wrote ${Object.keys(files).join(", ")}.\n`)
  if (options.lock) {
    io.err("Asking apt which Debian packages there are …\n")
    await lockStarter(context)
  }
  io.err(`Next: edit ${configFile}, then run \`nbstacks plan\` and \`nbstacks build\`.\n`)
  return 0
}

/** Asks on a terminal, naming the files; elsewhere `--yes` is the answer. */
async function mayOverwrite(
  there: readonly string[],
  { io, folder, host }: Context,
  { force, yes }: InitOptions,
): Promise<boolean> {
  const names = there.join(", ")
  if (force !== true) {
    const unlocked = there.includes(configFile) && (await host.files.stat(join(folder, lockFile))) === undefined
    throw new Failure("cannot", `There ${there.length === 1 ? "is" : "are"} ${names} already`, {
      hint: unlocked
        ? "Run `nbstacks lock` to go on with them, or use --force to overwrite"
        : "Use --force to overwrite, or `-C DIR` for another folder",
    })
  }
  if (yes === true) return true
  if (io.ask === undefined)
    throw new Failure("cannot", `This would overwrite ${names}`, { hint: "Say so with --force --yes" })
  return await agreed(io, `Overwrite ${names}?`)
}

/** What is written stays: the rest is the lock's. */
async function lockStarter(context: Context): Promise<void> {
  try {
    await lock(context, {})
  } catch (error) {
    if (isFailure(error))
      context.io.err(`${lockFile} is still missing: run \`nbstacks lock\` once what follows is mended.\n`)
    throw error
  }
}

/** The lock that the starter's environment begins with: the one of the example. */
const example = join(programFolder, "examples/quickstart/images/notebook")

async function starterFiles({ host }: Context): Promise<Readonly<Record<string, string>>> {
  const { text, environment } = starter()
  const names = ["requirements.in", "requirements.txt"]
  const texts = await Promise.all(
    names.map(async (name) => [`${environment}/${name}`, await host.files.readText(join(example, name))] as const),
  )
  return { [configFile]: text, ...Object.fromEntries(texts) }
}
