import type { Digest } from "../oci/digest.ts"

/** A file that a build can see. `path` is relative to the context, with `/`; directories appear only when empty. */
export type FileEntry = {
  readonly path: string
  readonly executable: boolean
  /** The target of a symbolic link; then there is no `sha256`. */
  readonly link?: string
  /** 64 hexadecimal digits; absent for a link or an empty directory. */
  readonly sha256?: string
}

/** Where a row's environment lives and what runs it; an image label carries it (design, decision 8). */
export type Prefix = {
  /** Absolute, such as `/opt/env`. */
  readonly path: string
  readonly kind: "venv" | "conda"
  /** `3.11`, or with a patch version where it is known. */
  readonly python: string
  /** `t` where it is the free-threaded build. */
  readonly abi?: "t" | undefined
  /** The C library that its programs are for: one of these, or neither where it is not known. */
  readonly glibc?: string | undefined
  readonly musl?: string | undefined
}

/** A pinned package of a locked environment. */
export type Requirement = {
  /** Normalised as PEP 503 says. */
  readonly name: string
  readonly version: string
  /** Of the wheel, where it is not looked for on an index; without a login, a query or a fragment. It has one hash. */
  readonly url?: string | undefined
  readonly extras: readonly string[]
  /** An environment marker as PEP 508 writes it. */
  readonly marker?: string | undefined
  /** `sha256:<hex>`, sorted; never empty. */
  readonly hashes: readonly string[]
}

/** Bytes at most; `layers` counts an image's own. */
export type LayerBudget = { readonly layer: number; readonly layers: number }

/**
 * How layers of packages are compressed. `gzip`: of many members, a wheel's own bytes among them. `single-member`: for
 * readers that stop after one.
 */
export type Compression = "gzip" | "zstd" | "estargz" | "single-member"

export type Bytecode = "all" | "none"

export type BootstrapStep = {
  readonly kind: "bootstrap"
  readonly format: number
  readonly suite: string
  /** What was asked for, sorted. */
  readonly packages: readonly string[]
  /** Everything that is installed, sorted by name; from `nbstacks.lock`. */
  readonly locked: readonly { readonly name: string; readonly version: string }[]
  readonly refresh?: string | undefined
  readonly budget: LayerBudget
}

export type DockerfileStep = {
  readonly kind: "dockerfile"
  readonly format: number
  /** The bytes of the Dockerfile, by hash. It need not be in the context. */
  readonly dockerfile: string
  readonly context: readonly FileEntry[]
  /** Only those that it declares. */
  readonly args: Readonly<Record<string, string>>
  readonly target?: string | undefined
  /** Sorted. Ids enter the key, values never. */
  readonly secrets: readonly string[]
  /** What other images are used, as written, by digest or by row: `FROM` of other stages, `COPY --from`, `# syntax=`. */
  readonly external: Readonly<Record<string, Digest>>
  /** Rows that `COPY --from` names: as written → the row. Their keys enter the key beside the parent's. */
  readonly rows: Readonly<Record<string, string>>
  /** `ADD` URLs → sha256 in hexadecimal. */
  readonly urls: Readonly<Record<string, string>>
  readonly refresh?: string | undefined
}

export type PypiStep = {
  readonly kind: "pypi"
  readonly format: number
  /** Sorted by name. */
  readonly requirements: readonly Requirement[]
  /** `all`: every Python file has its `.pyc` beside it, in layers of their own. */
  readonly bytecode: Bytecode
  /** What the parent has in another version is taken out first; an error unless given. */
  readonly replace?: true | undefined
  readonly compression: Compression
  readonly budget: LayerBudget
}

export type FilesStep = {
  readonly kind: "files"
  readonly format: number
  /** `path` is absolute in the image. */
  readonly entries: readonly FileEntry[]
  readonly uid: number
  readonly gid: number
  /** Permission bits for all; 0644, and 0755 for executables, unless given. */
  readonly mode?: number | undefined
}

export type ConfigStep = {
  readonly kind: "config"
  readonly format: number
  /** `${NAME}` is the parent's value. */
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user?: string | undefined
  readonly workdir?: string | undefined
  readonly entrypoint?: readonly string[] | undefined
  readonly command?: readonly string[] | undefined
}

/** Where the files of a step are in the tree's folder, by their path in the step; those that are gone too. */
export type StepPlaces = {
  /** Of the Dockerfile itself. */
  readonly dockerfile?: string
  readonly of: (path: string) => string | undefined
}

/** How an image is made, as plain data. Every field enters the key. `format` rises when the same step gives other bytes. */
export type Step = BootstrapStep | DockerfileStep | PypiStep | FilesStep | ConfigStep
