import { posix } from "node:path"
import { Failure } from "../../failure.ts"
import type { Merged } from "../../oci/merged.ts"
import { upstream, type SystemPackages } from "./system-packages.ts"

/** The Python that is first on an image's `PATH`. `version` has the patch where it is known. */
export type FoundPython =
  | { readonly kind: "conda" | "venv"; readonly prefix: string; readonly version: string }
  | { readonly kind: "system"; readonly interpreter: string; readonly version: string }

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
    if (conda !== undefined) return { kind: "conda", prefix, version: conda }
    if (merged.resolve(`${prefix}/pyvenv.cfg`)?.kind === "file") {
      return { kind: "venv", prefix, version: await venvPython(merged, prefix, where) }
    }
    return systemPython(merged, `/${entry.path}`, { ...where, declared: variables.get("PYTHON_VERSION") })
  }
  throw new Failure("no", `The parent of \`${where.name}\` has no Python on its PATH`, {
    hint: "Add `python3` to its `bootstrap` packages, or build on an image that has a Python",
  })
}

/** The version of the package `python` of a conda environment, from the name of its record. */
function condaPython(merged: Merged, prefix: string): string | undefined {
  for (const name of merged.list(`${prefix}/conda-meta`) ?? []) {
    const match = /^python-(3\.\d{1,3}\.\d{1,3})[a-z0-9]*-([^-]+)\.json$/.exec(name)
    if (match === null) continue
    if (/cp\d+t$/.test(match[2] ?? ""))
      throw new Failure("no", `The Python of ${prefix} is a free-threaded one (${name})`, {
        hint: "Wheels for it cannot be installed yet: use a parent with the usual Python",
      })
    return match[1]
  }
  return undefined
}

async function venvPython(merged: Merged, prefix: string, { name }: Where): Promise<string> {
  const text = Buffer.from((await merged.readFile(`${prefix}/pyvenv.cfg`)) ?? []).toString("utf8")
  const version = /^version(?:_info)?\s*=\s*(3\.\d{1,3}(?:\.\d{1,3})?)/m.exec(text)?.[1]
  if (version !== undefined) return version
  throw new Failure("no", `The venv ${prefix} of the parent of \`${name}\` does not say which Python it is for`)
}

function systemPython(
  merged: Merged,
  interpreter: string,
  { packages, name, declared }: Where & { readonly declared: string | undefined },
): FoundPython {
  const minor = /\/python(3\.\d{1,3})$/.exec(interpreter)?.[1]
  if (minor === undefined) {
    throw new Failure(
      "no",
      `The Python of the parent of \`${name}\` is ${interpreter}, whose version its name does not tell`,
    )
  }
  const library = `${posix.dirname(posix.dirname(interpreter))}/lib/python${minor}`
  if (merged.resolve(`${library}/json/__init__.py`)?.kind !== "file") {
    throw new Failure("no", `The Python of the parent of \`${name}\` lacks its standard library (${library}/json)`, {
      hint: "`python3-minimal` is not enough: add `python3` to the packages of its base",
    })
  }
  const debian = interpreter.startsWith("/usr/bin/") ? upstream(packages.get(`python${minor}`)) : undefined
  const full = [debian, declared].find(
    (version) => version?.startsWith(`${minor}.`) === true && /^[\d.]+$/.test(version),
  )
  return { kind: "system", interpreter, version: full ?? minor }
}
