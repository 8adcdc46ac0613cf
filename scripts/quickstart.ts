import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { installMissing, quickstartPackages } from "./machine.ts"

/** Builds, checks and publishes examples/quickstart into the local store, and says how to open it. */
const root = resolve(import.meta.dirname, "..")
const folder = join(root, ".cache/quickstart")
const program = join(root, "nbstacks")

function run(...args: readonly string[]): void {
  console.log(`\n$ ./nbstacks ${args.map((arg) => (arg === folder ? relative(root, folder) : arg)).join(" ")}`)
  const { status } = spawnSync(program, args, { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

installMissing(quickstartPackages)
// A copy, since its lock names Debian versions of today, which mirrors drop some day.
mkdirSync(folder, { recursive: true })
cpSync(join(root, "examples/quickstart"), folder, { recursive: true })
run("-C", folder, "lock", "--upgrade")
run("-C", folder, "tree")
run("-C", folder, "publish", "--allow-dirty")
console.log(`
Three images are in your local store. Open JupyterLab from one of them, and click the link that it prints:

  ./nbstacks -C ${relative(process.cwd(), folder) || "."} run science
`)
