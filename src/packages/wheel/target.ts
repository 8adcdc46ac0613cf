/** Where wheels are installed: an environment of an image, whatever runs this program. */
export type Target = {
  /** Absolute, without a slash at its end, such as `/opt/env`. */
  readonly prefix: string
  readonly kind: "venv" | "conda"
  /** Major and minor: `3.11`. */
  readonly python: string
  readonly uid: number
  readonly gid: number
}

/** `lib/python3.11/site-packages`: pure and platform wheels alike, in a venv as in a conda environment. */
export function sitePackages(target: Pick<Target, "python">): string {
  return `lib/python${target.python}/site-packages`
}

/** Where `.data/headers` of a distribution goes: `include/site/python3.11/NAME` in a venv, as pip does it. */
export function headersFolder(target: Pick<Target, "kind" | "python">, distribution: string): string {
  return `include/${target.kind === "venv" ? "site/" : ""}python${target.python}/${distribution}`
}

/** What scripts name behind `#!`. */
export function interpreterPath(target: Pick<Target, "prefix" | "kind" | "python">): string {
  return `${target.prefix}/bin/python${target.kind === "venv" ? "" : target.python}`
}
