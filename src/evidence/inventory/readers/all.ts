import type { Reader } from "../item.ts"
import { alpine } from "./alpine.ts"
import { conda } from "./conda.ts"
import { debian } from "./debian.ts"
import { julia } from "./julia.ts"
import { kernels, labExtensions, serverExtensions } from "./jupyter.ts"
import { npm } from "./npm.ts"
import { python } from "./python.ts"
import { r } from "./r.ts"
import { rpm, rpmLog, rpmOld } from "./rpm.ts"
import { system } from "./system.ts"
import { tex } from "./tex.ts"

const readers: readonly Reader[] = [
  system,
  debian,
  alpine,
  rpm,
  rpmLog,
  rpmOld,
  conda,
  python,
  r,
  julia,
  npm,
  tex,
  kernels,
  labExtensions,
  serverExtensions,
]

/** The reader of a file, by its path; undefined for nearly all. */
export function readerOf(path: string): Reader | undefined {
  // Most files of an image end with something else: the patterns are not tried on them.
  if (
    !/(?:METADATA|PKG-INFO|\.egg-info|\.json|DESCRIPTION|\.toml|\.tlpdb|\/db\/installed|\/os-release|\/rpmdb\.sqlite(?:-wal)?|\/rpm\/Packages(?:\.db)?)$|^var\/lib\/dpkg\/status/.test(
      path,
    )
  )
    return undefined
  return readers.find((reader) => reader.wants(path))
}
