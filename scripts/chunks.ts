import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"

/**
 * Makes a few dozen files of the program's many, which start in two thirds of the time. `src/cli/start.mjs` uses them
 * only while each source is the very file that they were made from; so they are made again by `npm install`, and who
 * changes the source runs the source.
 */
const root = resolve(import.meta.dirname, "..")
const threads = [
  "packages/segment/worker/layer.worker",
  "packages/bytecode/sources.worker",
  "evidence/inventory/worker/facts.worker",
]

try {
  await make()
} catch (error) {
  const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error)
  console.error(`note: nbstacks starts a little slower, from its source: ${why}`)
}

async function make(): Promise<void> {
  const { rolldown } = await import("rolldown")
  const making = join(root, `dist.${process.pid}`)
  const bundle = await rolldown({
    cwd: root,
    platform: "node",
    input: Object.fromEntries([
      ["main", join(root, "src/cli/main.ts")],
      ...threads.map((path) => [path, join(root, "src", `${path}.ts`)]),
    ]),
    // Optional companions of CycloneDX's library, which JSON does not need.
    external: ["xmlbuilder2", "libxmljs2"],
    // Of @jupyterlab/coreutils, which looks for `require` with it.
    checks: { eval: false },
  })
  try {
    const { output } = await bundle.write({ dir: making, format: "esm", chunkFileNames: "[name]-[hash].js" })
    const ours = output
      .flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
      .map((path) => relative(root, path))
      .filter((path) => path.startsWith("src/"))
    const sources = ["package-lock.json", ...new Set(ours)].toSorted().map((path) => {
      const { size, mtimeMs } = statSync(join(root, path))
      return [path, size, mtimeMs]
    })
    writeFileSync(join(making, "package.json"), `${JSON.stringify({ type: "module" })}\n`)
    writeFileSync(join(making, "sources.json"), JSON.stringify(sources))
    replace(making)
  } finally {
    await bundle.close()
    rmSync(making, { recursive: true, force: true })
  }
}

/** A folder cannot be renamed over one with files, so the old one is out of the way for a moment: then the source runs. */
function replace(making: string): void {
  const place = join(root, "dist")
  const old = `${making}.old`
  mkdirSync(place, { recursive: true })
  renameSync(place, old)
  renameSync(making, place)
  rmSync(old, { recursive: true })
}
