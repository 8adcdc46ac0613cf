import type { Consumer } from "../../tree/consumers.ts"
import type { Compression } from "../../tree/step.ts"

/** The file as it is written, judged by the schemas beside this. Texts are templates still. */
export type WrittenConfig = {
  readonly version: 1
  readonly registry?: string | undefined
  readonly state?: string | undefined
  readonly platforms?: readonly string[] | undefined
  readonly tags?: readonly string[] | undefined
  readonly tagging?: "tree" | "changed" | undefined
  readonly defaults?: WrittenDefaults | undefined
  readonly secrets?: Readonly<Record<string, WrittenSecret>> | undefined
  readonly evidence?: WrittenEvidence | undefined
  readonly trust?: readonly WrittenTrust[] | undefined
  readonly images: Readonly<Record<string, WrittenImage>>
}

type WrittenEvidence = { readonly sbom?: "spdx" | "cyclonedx" | "both" | "none" | undefined }

export type WrittenTrust =
  | { readonly key: string }
  | { readonly identity: string; readonly issuer: string; readonly root: string }

type WrittenSecret = { readonly environment?: string | undefined; readonly file?: string | undefined }

/** Modules for `python3`, or by kernel. */
type WrittenImports = readonly string[] | Readonly<Record<string, readonly string[]>>

type WrittenCommand = string | { readonly run: string; readonly timeout?: number | string | undefined }

/** Checks that may also wait for another machine. */
type WrittenLater = {
  readonly imports?: WrittenImports | undefined
  readonly notebooks?: readonly string[] | undefined
  readonly commands?: readonly WrittenCommand[] | undefined
}

export type WrittenChecks = WrittenLater & {
  readonly profile?: "none" | "jupyter" | undefined
  readonly kernels?: readonly string[] | undefined
  readonly timeout?: number | string | undefined
  readonly paths?: readonly (string | { readonly path: string; readonly status?: number | undefined })[] | undefined
  readonly later?: Readonly<Record<string, WrittenLater>> | undefined
}

type WrittenBudget = {
  readonly layer?: string | undefined
  readonly layers?: number | undefined
  readonly image?: string | undefined
  readonly grow?: string | undefined
}

/** What `defaults` may give to all images. */
export type WrittenDefaults = {
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly checks?: WrittenChecks | undefined
  readonly budget?: WrittenBudget | undefined
  readonly bytecode?: "all" | "none" | undefined
  readonly compression?: Compression | undefined
  readonly consumers?: readonly Consumer[] | undefined
  readonly publish?: "together" | "alone" | "never" | undefined
}

type WrittenFile = {
  readonly from: string
  readonly to: string
  readonly owner?: string | undefined
  readonly mode?: string | undefined
}

/** An `environment` that says more than its folders. */
export type WrittenEnvironment = {
  readonly folders: string | readonly string[]
  readonly replace?: boolean | undefined
}

/** Fields of a row: an image's with its overrides merged in. */
export type WrittenFields = WrittenDefaults & {
  readonly from?: string | undefined
  readonly bootstrap?: { readonly suite: string; readonly packages?: readonly string[] | undefined } | undefined
  readonly dockerfile?: string | undefined
  readonly context?: string | undefined
  readonly target?: string | undefined
  readonly args?: Readonly<Record<string, string>> | undefined
  readonly secrets?: readonly string[] | undefined
  readonly environment?: string | readonly string[] | WrittenEnvironment | undefined
  readonly name?: string | undefined
  readonly prefix?: string | undefined
  readonly files?: readonly WrittenFile[] | Readonly<Record<string, string>> | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly user?: string | undefined
  readonly workdir?: string | undefined
  readonly entrypoint?: readonly string[] | undefined
  readonly command?: readonly string[] | undefined
  readonly platforms?: readonly string[] | undefined
  readonly skip?: string | undefined
}

type WrittenChoice = Readonly<Record<string, string | readonly string[]>>
type WrittenCombination = Readonly<Record<string, string>>

/** Values, values with build arguments, or a glob. */
type WrittenAxis = string | readonly string[] | Readonly<Record<string, Readonly<Record<string, string>>>>

export type WrittenMatrix = {
  readonly include?: readonly WrittenCombination[] | undefined
  readonly exclude?: readonly WrittenChoice[] | undefined
  readonly [axis: string]: WrittenAxis | readonly WrittenCombination[] | readonly WrittenChoice[] | undefined
}

export type WrittenOverride = WrittenFields & { readonly match: WrittenChoice }

export type WrittenImage = WrittenFields & {
  readonly matrix?: WrittenMatrix | undefined
  readonly overrides?: readonly WrittenOverride[] | undefined
}
