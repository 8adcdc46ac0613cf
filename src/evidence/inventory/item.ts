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
  /** Where it came from, as the package says: a URL without a login, a conda channel, the source package of a deb or rpm. */
  readonly origin?: string
  /**
   * True where somebody asked for it by name, false where it came since another needs it, as its installer noted: apt, conda; pip says
   * only the one. Absent where nobody did.
   */
  readonly requested?: boolean
  /** The file that it was, of a conda or npm package, without a login. */
  readonly url?: string
  /** When and by whom its source was packed, of an R package. */
  readonly packaged?: string
  /** Who made it, of an rpm: `Fedora Project`. */
  readonly vendor?: string
  /** Of an rpm's files, installed, in bytes, as the package says. */
  readonly size?: number
  /** The package that has a copy of this one for itself, in a folder `_vendor`: Python does not find it by its own name. */
  readonly within?: string
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

/** A file that says what is installed and that was not read, or not to its end. */
export type Unread = {
  readonly kind: "unread"
  readonly name: string
  readonly ecosystem: Ecosystem
  /** `it is damaged`. */
  readonly why: string
}

/** Something that a file of an image says is there. */
export type Item = Package | Kernel | Extension | System | Unread

/** What one file says. Paths have no slash in front. */
export type Reader = {
  /** True for files that this reader understands, by their path. It must be cheap: it sees each path of an image. */
  readonly wants: (path: string) => boolean
  /** True where the name alone says it: such a file is not read, however large it is. */
  readonly isByName?: true
  /** What the file says; nothing where it is not what its name promises. Never throws. */
  readonly read: (path: string, content: Buffer) => readonly Item[]
}
