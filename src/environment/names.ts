import { clean } from "@renovatebot/pep440"

/** A package's name as indexes compare it: lower case, with `-` for runs of `-`, `_` and `.`. https://peps.python.org/pep-0503/#normalized-names */
export function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-")
}

/** A version as PEP 440 writes it; null if it is none. The library writes commas between the parts of a local version. */
export function cleanVersion(version: string): string | null {
  return clean(version)?.replaceAll(",", ".") ?? null
}
