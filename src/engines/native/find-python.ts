import { posix } from "node:path"
import { Failure } from "../../failure.ts"
import type { Merged } from "../../oci/merged.ts"
import { upstream, type SystemPackages } from "./system-packages.ts"

/** A version, with the patch where it is known, and whether it is the free-threaded build. */
type Version = { readonly version: string; readonly abi?: "t" | undefined }

/** The Python that is first on an image's `PATH`. */
export type FoundPython = Version &
  (
    | { readonly kind: "conda" | "venv"; readonly prefix: string }
    | { readonly kind: "system"; readonly interpreter: string }
  )

type Where = { readonly env: readonly string[]; readonly packages: SystemPackages; readonly name: string }

const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Looks along `PATH` for a Python and says what it belongs to. Fails with `no` when there is none, or a part of one. */
export async function findPython(merged: Merged, where: Where): Promise<FoundPython> {
  const variables = new Map(
    where.env.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  )
  for (const folder of (variables.get("PATH") ?? usualPath).split(":")) {
    if (!folder.startsWith("/")) continue
    const entry = merged.resolve(`${folder}/python3`) ?? merged.resolve(`${folder}/python`)
    if (entry?.kind !== "file") continue
    const prefix = posix.dirname(posix.normalize(folder).replace(/\/$/, ""))
    const conda = condaPython(merged, prefix)
    if (conda !== undefined) return { kind: "conda", prefix, ...conda }
    if (merged.resolve(`${prefix}/pyvenv.cfg`)?.kind === "file") {
      return { kind: "venv", prefix, ...(await venvPython(merged, prefix, where)) }
    }
    return systemPython(merged, `/${entry.path}`, { ...where, declared: variables.get("PYTHON_VERSION") })
  }
  throw new Failure("no", `The parent of \`${where.name}\` has no Python on its PATH`, {
    hint: "Add `python3` to its `bootstrap` packages, or build on an image that has a Python",
  })
}

/** The version of the package `python` of a conda environment, from the name of its record. */
function condaPython(merged: Merged, prefix: string): Version | undefined {
  for (const name of merged.list(`${prefix}/conda-meta`) ?? []) {
    const match = /^python-(3\.\d{1,3}\.\d{1,3})[a-z0-9]*-([^-]+)\.json$/.exec(name)
    if (match === null) continue
    return { version: match[1] ?? "", ...(/cp\d+t$/.test(match[2] ?? "") ? { abi: "t" } : {}) }
  }
  return undefined
}

async function venvPython(merged: Merged, prefix: string, { name }: Where): Promise<Version> {
  const text = Buffer.from((await merged.readFile(`${prefix}/pyvenv.cfg`)) ?? []).toString("utf8")
  const version = /^version(?:_info)?\s*=\s*(3\.\d{1,3}(?:\.\d{1,3})?)/m.exec(text)?.[1]
  if (version !== undefined) {
    const [major, minor] = version.split(".")
    const isThreaded = merged.list(`${prefix}/lib/python${major}.${minor}t/site-packages`) !== undefined
    return { version, ...(isThreaded ? { abi: "t" } : {}) }
  }
  throw new Failure("no", `The venv ${prefix} of the parent of \`${name}\` does not say which Python it is for`, {
    hint: `Make it anew with \`python3 -m venv ${prefix}\`, which writes \`version\` to its pyvenv.cfg`,
  })
}

function systemPython(
  merged: Merged,
  interpreter: string,
  { packages, name, declared }: Where & { readonly declared: string | undefined },
): FoundPython {
  const [, minor, abi] = /\/python(3\.\d{1,3})(t?)$/.exec(interpreter) ?? []
  if (minor === undefined) {
    throw new Failure(
      "no",
      `The Python of the parent of \`${name}\` is ${interpreter}, whose version its name does not tell`,
      { hint: "Make `python3` on its PATH a link to a program that is called such as `python3.12`" },
    )
  }
  const library = `${posix.dirname(posix.dirname(interpreter))}/lib/python${minor}${abi}`
  if (merged.resolve(`${library}/json/__init__.py`)?.kind !== "file") {
    throw new Failure("no", `The Python of the parent of \`${name}\` lacks its standard library (${library}/json)`, {
      hint: "`python3-minimal` is not enough: add `python3` to the packages of its base",
    })
  }
  const debian = interpreter.startsWith("/usr/bin/")
    ? upstream(packages.get(`python${minor}`) ?? packages.get("python3"))
    : undefined
  const full = [debian, declared].find(
    (version) => version?.startsWith(`${minor}.`) === true && /^[\d.]+$/.test(version),
  )
  return { kind: "system", interpreter, version: full ?? minor, ...(abi === "t" ? { abi } : {}) }
}
