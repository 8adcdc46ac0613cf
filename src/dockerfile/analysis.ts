import type { Problem } from "../config/row.ts"
import type { Platform } from "../oci/platform.ts"

/** Files of the context that an instruction can see. */
export type Source = {
  /** Relative to the context, with Docker's wildcards; `.` is all. */
  readonly pattern: string
  /** `--exclude` patterns. */
  readonly exclude: readonly string[]
  /** `--parents`: `**` means any depth. */
  readonly parents: boolean
  /** Whether the pattern's wildcards count: a mount's source has none. */
  readonly literal: boolean
  readonly line: number
}

/** Another image that the build uses. */
export type Use = {
  /** Expanded. */
  readonly reference: string
  /** Where the lock keeps its digest: the reference, with ` on PLATFORM` when that is not the target's. */
  readonly key: string
  readonly platform: Platform
  readonly line: number
}

export type AddedUrl = { readonly url: string; readonly line: number }

/** What a Dockerfile needs from outside for one target, one platform and some arguments. */
export type Analysis = {
  /** What the target's chain of stages starts from. `expanded` lacks the values of `unset`. */
  readonly finalBase: {
    readonly written: string
    readonly expanded: string
    readonly unset: readonly string[]
    readonly platform: string | undefined
    readonly line: number
    readonly column: number
  }
  /** Indexes of the stages that the target needs, sorted. */
  readonly stages: readonly number[]
  /** Images other than the final base, each key once, sorted by it. `# syntax=` is among them. */
  readonly uses: readonly Use[]
  /** What `ADD` downloads without a checksum of its own, sorted. */
  readonly urls: readonly AddedUrl[]
  readonly sources: readonly Source[]
  /** Those of the given arguments that are declared. */
  readonly args: Readonly<Record<string, string>>
  /** Whether anything is executed, so that the same files may give other bytes another day. */
  readonly unlocked: boolean
  /** `ONBUILD` instructions that images built on this one will run. */
  readonly triggers: readonly string[]
  readonly problems: readonly Problem[]
}

export type AnalyseOptions = {
  /** For messages, relative to the tree's folder. */
  readonly file: string
  readonly args: Readonly<Record<string, string>>
  readonly target: string | undefined
  readonly platform: Platform
  /** `ONBUILD` instructions of the parent. */
  readonly triggers?: readonly string[]
}
