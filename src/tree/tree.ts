import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { CheckSpec } from "./checks.ts"
import type { Consumer } from "./consumers.ts"
import type { LayerBudget, Step, StepPlaces } from "./step.ts"

/** A row's name in every command, message and file: `scipy-ml:2021.3-gpu`. */
export type RowId = string

export type Parent =
  | { readonly kind: "none" }
  | { readonly kind: "image"; readonly id: RowId }
  /** An image of another registry, as written, with the digest of each platform from the lock. */
  | { readonly kind: "external"; readonly reference: string; readonly locked: Readonly<Record<Platform, Digest>> }

export type Publish = "together" | "alone" | "never"

/** What a whole image may weigh, as it was written; compressed, in bytes. Never in a key. */
export type ImageBudget = {
  readonly image?: number | undefined
  /** How much larger than in the newest release: 0.05 is 5 %. */
  readonly grow?: number | undefined
  /** Bounds of its own layers, where they were written: then they bind every engine. */
  readonly asked?: { readonly layer?: number | undefined; readonly layers?: number | undefined } | undefined
}

/** A row, resolved from files alone. */
export type Image = {
  readonly id: RowId
  /** The path below the registry: `datascience`, or `{class}` filled in. */
  readonly repository: string
  /** Before every tag and channel, joined by `-`; may be empty. */
  readonly prefix: string
  readonly parent: Parent
  /** Other rows that this one is made from (`COPY --from`). */
  readonly uses: readonly RowId[]
  readonly platforms: readonly Platform[]
  /** For each of `platforms`, in the order in which they are executed. */
  readonly steps: Readonly<Record<Platform, readonly Step[]>>
  readonly checks: CheckSpec
  readonly budget: LayerBudget & ImageBudget
  readonly publish: Publish
  /** Values of all axes, inherited ones first. */
  readonly axes: Readonly<Record<string, string>>
  /** What is said to read the image. Never in a key. */
  readonly consumers?: readonly Consumer[]
}

/** Whose signatures count: files are relative to the tree's folder. */
export type TrustedBy =
  | { readonly key: string }
  | { readonly identity: string; readonly issuer: string; readonly root: string }

/** The images of one `nbstacks.yaml` and the edges between them. */
export type Tree = {
  readonly version: 1
  /** The folder of `nbstacks.yaml`, absolute. Never in a key. */
  readonly folder: string
  /** As configured; undefined means the local store. */
  readonly registry: string | undefined
  /** The state repository below the registry. */
  readonly state: string
  /** Templates such as `{release}`. */
  readonly tags: readonly string[]
  readonly tagging: "tree" | "changed"
  /** Bills of materials that are kept beside each image. Never in a key. */
  readonly sboms: readonly ("spdx" | "cyclonedx")[]
  /** Whose signatures count; nobody's need to where it is empty. Never in a key. */
  readonly trust: readonly TrustedBy[]
  /** Parents before children, then by id. */
  readonly images: readonly Image[]
  readonly skipped: readonly { readonly image: RowId; readonly reason: string }[]
  /** Where secrets come from, by id. Never in a key. */
  readonly secrets: Readonly<Record<string, { readonly environment: string } | { readonly file: string }>>
  /** Where the bytes with a hash (hexadecimal sha256) are on this machine, relative to `folder`. Never in a key. */
  readonly sources: ReadonlyMap<string, string>
  /** Where a step's files are written: only to explain what changed. Never in a key. */
  readonly places: ReadonlyMap<Step, StepPlaces>
}
