import type { Platform } from "../oci/platform.ts"
import type { Consumer } from "../tree/consumers.ts"
import type { Compression } from "../tree/step.ts"
import type { Tree } from "../tree/tree.ts"

/** Where something stands in a file: both counted from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number }

/** A field as written, with its place, so that a later rule can point at it. */
export type Placed<T> = { readonly value: T; readonly at: Position }

export type RowParent =
  | { readonly kind: "none" }
  | { readonly kind: "row"; readonly id: string }
  /** With a registry host, as written. */
  | { readonly kind: "external"; readonly reference: string }

/** How a row is made, all `{axis}` filled in. Paths are relative to the folder of `nbstacks.yaml`. */
export type Make =
  | { readonly kind: "none" }
  | { readonly kind: "bootstrap"; readonly suite: string; readonly packages: readonly string[] }
  | {
      readonly kind: "dockerfile"
      readonly file: Placed<string>
      readonly context: string
      readonly target: string | undefined
      /** `args` of the image, then what map axes add. */
      readonly args: Readonly<Record<string, string>>
      readonly secrets: readonly string[]
    }
  | {
      readonly kind: "environment"
      readonly folders: readonly Placed<string>[]
      /** Whether its packages get their bytecode. */
      readonly bytecode: "all" | "none"
      readonly compression: Compression
      /** A package that the parent has in another version is replaced. */
      readonly replace?: true
    }

export type RowFile = {
  /** A file, folder or glob below the tree's folder. */
  readonly from: Placed<string>
  /** Absolute in the image. A folder when it ends in `/`. */
  readonly to: string
  readonly uid: number
  readonly gid: number
  readonly mode: number | undefined
}

/** Checks as written, not merged with the parent's; notebooks are still globs. */
export type RowChecks = {
  readonly profile: "none" | "jupyter" | undefined
  readonly kernels: readonly string[]
  /** By kernel; a plain list is under `python3`. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  readonly notebooks: readonly Placed<string>[]
  /** Seconds for each notebook. */
  readonly timeout: number
  readonly paths: readonly { readonly path: string; readonly status: number }[]
  readonly commands: readonly { readonly run: string; readonly timeout: number }[]
  readonly later: Readonly<Record<string, Pick<RowChecks, "imports" | "notebooks" | "commands">>>
}

/** One row of the configuration: matrix expanded, overrides applied, names settled; files not looked at yet. */
export type Row = {
  readonly id: string
  /** The image's key in `images`. */
  readonly key: string
  readonly at: Position
  readonly repository: string
  readonly prefix: string
  readonly axes: Readonly<Record<string, string>>
  readonly parent: RowParent
  readonly make: Make
  readonly files: readonly RowFile[]
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly user: string | undefined
  readonly workdir: string | undefined
  readonly entrypoint: readonly string[] | undefined
  readonly command: readonly string[] | undefined
  readonly platforms: readonly Platform[]
  readonly checks: RowChecks
  readonly budget: {
    readonly layer: number
    readonly layers: number
    readonly image: number | undefined
    readonly grow: number | undefined
    /** What was written, and so binds engines too that do not plan their layers. */
    readonly asked: { readonly layer: number | undefined; readonly layers: number | undefined }
  }
  readonly publish: "together" | "alone" | "never"
  /** What is said to read the image. */
  readonly consumers?: readonly Consumer[]
}

/** `nbstacks.yaml`, understood and judged. */
export type Config = {
  /** Absolute. */
  readonly folder: string
  readonly registry: string | undefined
  readonly state: string
  readonly tags: readonly string[]
  readonly tagging: "tree" | "changed"
  readonly sboms: Tree["sboms"]
  readonly trust: Tree["trust"]
  readonly secrets: Readonly<Record<string, { readonly environment: string } | { readonly file: string }>>
  /** Parents before children, then by id. */
  readonly rows: readonly Row[]
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
}

/** One thing that is wrong in a file that a person wrote. */
export type Problem = {
  readonly at: Position
  /** The name of the rule, such as `unknown-key`. */
  readonly rule: string
  /** One sentence, without a full stop. */
  readonly message: string
  readonly hint?: string
}
