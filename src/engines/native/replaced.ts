import { posix } from "node:path"
import { Failure } from "../../failure.ts"
import type { Merged } from "../../oci/merged.ts"
import { isInterpreterName } from "../../packages/wheel/entry-points.ts"
import { parseRecord } from "../../packages/wheel/record.ts"
import { shown } from "../../packages/wheel/refusal.ts"
import { sitePackages } from "../../packages/wheel/target.ts"
import type { Prefix } from "../../tree/step.ts"
import { targetOf, type Installed } from "./installed.ts"

const recordLimit = 128 * 1024 * 1024

type Context = {
  readonly merged: Merged
  readonly prefix: Prefix
  readonly installed: Installed
  /** The row, for messages. */
  readonly name: string
}

/**
 * The files of distributions that are taken out, by their normalised names: what their RECORD lists, the bytecode of
 * its `.py` files as pip's uninstall takes it away, and their `.dist-info` folders. Paths below the prefix, of files
 * that are there. Never what is outside the prefix, what the RECORD of a distribution that stays lists too, or what
 * makes the environment. Fails with `no` for a distribution that does not say which files are its own, whose
 * metadata is a link, or whose RECORD lists another distribution's metadata.
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export async function filesOf(names: ReadonlySet<string>, context: Context): Promise<ReadonlySet<string>> {
  const { installed } = context
  const folders = [...installed.metadata]
  const gone = folders.flatMap(([name, list]) => (names.has(name) ? list : []))
  const stay = folders.flatMap(([name, list]) => (names.has(name) ? [] : list))
  const records = await readRecords([...gone, ...stay], context)
  checkMetadata(gone, { stay, records }, context)
  const others = new Set(stay.flatMap((folder) => records.get(folder) ?? []))
  const cached = cachedBytecode(installed.files)
  const found = new Set<string>()
  for (const folder of gone) {
    const listed = records.get(folder)
    if (listed === undefined) throw withoutRecord(folder, context)
    for (const path of [...listed, ...below(folder, context)]) {
      found.add(path)
      if (path.endsWith(".py")) for (const one of bytecodeOf(path, cached)) found.add(one)
    }
  }
  return new Set([...found].filter((path) => !others.has(path) && installed.files.has(path) && !isEnvironment(path)))
}

/** By metadata folder: what its RECORD lists, as paths below the prefix. Folders without one are left out. */
async function readRecords(
  folders: readonly string[],
  { merged, prefix, name }: Context,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const site = `${prefix.path}/${sitePackages(targetOf(prefix))}`
  const root = `${merged.resolve(prefix.path)?.path ?? ""}/`
  const path = (folder: string): string => `${site}/${folder}/RECORD`
  const texts = await merged.readFiles(folders.map(path), recordLimit)
  return new Map(
    folders.flatMap((folder) => {
      const bytes = texts.get(path(folder))
      if (bytes === undefined) return []
      const rows = parseRecord(Buffer.from(bytes).toString("utf8"), (why) => broken(folder, why, name))
      // Where it really is: links on the way may lead out of the environment.
      const places = rows.flatMap((row) => merged.get(posix.resolve(site, row.path))?.path ?? [])
      return [[folder, places.flatMap((place) => (place.startsWith(root) ? [place.slice(root.length)] : []))]]
    }),
  )
}

/** Refuses metadata that is not what it seems, or that names files of another distribution's metadata. */
function checkMetadata(
  gone: readonly string[],
  { stay, records }: { readonly stay: readonly string[]; readonly records: ReadonlyMap<string, readonly string[]> },
  { merged, prefix, name }: Context,
): void {
  const site = sitePackages(targetOf(prefix))
  const others = stay.map((folder) => `${site}/${folder}`)
  for (const folder of gone) {
    const linked = (path: string): boolean => merged.get(`${prefix.path}/${site}/${path}`)?.kind === "symlink"
    if (linked(folder)) throw isLink(folder, name)
    if (linked(`${folder}/RECORD`)) throw isLink(`the RECORD of ${folder}`, name)
    const foreign = records
      .get(folder)
      ?.find((path) => others.some((other) => path === other || path.startsWith(`${other}/`)))
    if (foreign === undefined) continue
    const why = `its RECORD lists the metadata of another distribution: ${shown(foreign.slice(site.length + 1))}`
    throw broken(folder, why, name)
  }
}

/** Everything in a metadata folder is the distribution's, listed or not. */
function below(folder: string, { installed, prefix }: Context): readonly string[] {
  const start = `${sitePackages(targetOf(prefix))}/${folder}/`
  return [...installed.files].filter((path) => path.startsWith(start))
}

/** What Python may have kept of a source file: beside it, or in `__pycache__` for any version and level. PEP 3147, 488. */
function bytecodeOf(path: string, cached: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [`${path}c`, `${path}o`, ...(cached.get(path) ?? [])]
}

/** The files of `__pycache__` folders, by their source: `a/b.py` has `a/__pycache__/b.cpython-311.opt-1.pyc`. */
function cachedBytecode(files: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const cached = new Map<string, string[]>()
  for (const path of files) {
    const match = /^(.*\/)__pycache__\/([^/]+?)\.[\w-]+(?:\.opt-\w+)?\.pyc$/.exec(path)
    if (match === null) continue
    const source = `${match[1]}${match[2]}.py`
    cached.set(source, [...(cached.get(source) ?? []), path])
  }
  return cached
}

function isEnvironment(path: string): boolean {
  const [top = "", second = "", ...more] = path.split("/")
  return (
    path === "pyvenv.cfg" || top === "conda-meta" || (top === "bin" && more.length === 0 && isInterpreterName(second))
  )
}

function withoutRecord(folder: string, { name }: Context): Failure {
  return new Failure("no", `The parent of \`${name}\` does not say which files are those of ${folder}`, {
    hint: "Only what has a RECORD can be replaced: lock the parent's version here, or change the parent",
  })
}

function isLink(what: string, name: string): Failure {
  return new Failure("no", `Cannot replace what the parent of \`${name}\` has: ${what} is a symbolic link`, {
    hint: "Make the parent anew: pip and nbstacks install files there, and what a link leads to is not the package's",
  })
}

function broken(folder: string, why: string, name: string): Failure {
  return new Failure("no", `Cannot read ${folder} in the parent of \`${name}\`: ${why}`, {
    hint: "Make the parent anew: this distribution's list of its files is damaged",
  })
}
