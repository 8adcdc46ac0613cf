/** Where wheels are installed: an environment of an image, whatever runs this program. */
export type Target = {
  /** Absolute, without a slash at its end, such as `/opt/env`. */
  readonly prefix: string
  readonly kind: "venv" | "conda"
  /** Major and minor: `3.11`. */
  readonly python: string
  /** `t` for the free-threaded build, whose library is in `lib/python3.13t`. PEP 703, 780. */
  readonly abi?: "t" | undefined
  readonly uid: number
  readonly gid: number
}

/** `lib/python3.11/site-packages`: pure and platform wheels alike, in a venv as in a conda environment. */
export function sitePackages(target: Pick<Target, "python" | "abi">): string {
  return `lib/python${target.python}${target.abi ?? ""}/site-packages`
}

/** Where `.data/headers` of a distribution goes: `include/site/python3.11/zope-proxy` in a venv, by the normalised name as pip and uv do it. */
export function headersFolder(target: Pick<Target, "kind" | "python">, distribution: string): string {
  return `include/${target.kind === "venv" ? "site/" : ""}python${target.python}/${distribution}`
}

/** What scripts name behind `#!`. */
export function interpreterPath(target: Pick<Target, "prefix" | "kind" | "python" | "abi">): string {
  return `${target.prefix}/bin/python${target.kind === "venv" ? "" : `${target.python}${target.abi ?? ""}`}`
}
