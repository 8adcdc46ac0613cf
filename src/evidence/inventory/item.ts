/** Where a package comes from, by the `type` of its package URL. */
export type Ecosystem = "deb" | "apk" | "rpm" | "pypi" | "conda" | "cran" | "julia" | "npm" | "tex"

/** The order in which people see them. */
export const ecosystems: readonly Ecosystem[] = ["deb", "apk", "rpm", "conda", "pypi", "cran", "julia", "npm", "tex"]

/** A package as an image itself says that it is installed. */
export type Package = {
  readonly kind: "package"
  readonly ecosystem: Ecosystem
  /** As written: `Jinja2`, `libc6`, `@scope/name`. */
  readonly name: string
  readonly version: string
  /** Of a deb, apk, rpm or conda package: `amd64`, `linux-64`. */
  readonly architecture?: string
  /** As written: an SPDX expression where the packager wrote one. */
  readonly licence?: string
  /** Who put it there, as the package says: `pip`, `uv`, `nbstacks`. */
  readonly installer?: string
  /** Where it came from, as the package says: a URL without a login, a conda channel, the source package of a deb. */
  readonly origin?: string
  /** Build string of conda. */
  readonly build?: string
  /** Of Julia's packages, by which Julia knows them. */
  readonly uuid?: string
}

/** A Jupyter kernel. */
export type Kernel = {
  readonly kind: "kernel"
  readonly name: string
  readonly display: string
  readonly language: string
  readonly argv: readonly string[]
}

/** An extension of JupyterLab (prebuilt) or of Jupyter Server (enabled or disabled by a file). */
export type Extension = {
  readonly kind: "labextension" | "serverextension"
  readonly name: string
  readonly version?: string
  readonly enabled?: boolean
}

/** The distribution that an image is made of. */
export type System = {
  readonly kind: "system"
  /** `debian`, `alpine`. */
  readonly id: string
  /** As people call it. */
  readonly name: string
  readonly version?: string
}

/** Something that a file of an image says is there. */
export type Item = Package | Kernel | Extension | System

/** What one file says. Paths have no slash in front. */
export type Reader = {
  /** True for files that this reader understands, by their path. It must be cheap: it sees each path of an image. */
  readonly wants: (path: string) => boolean
  /** What the file says; nothing where it is not what its name promises. Never throws. */
  readonly read: (path: string, content: Buffer) => readonly Item[]
}
