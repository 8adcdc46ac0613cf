import { z } from "zod"
import { Digests } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import { isPlatform, type Platform } from "../oci/platform.ts"
import type { RowId } from "../tree/tree.ts"
import type { CheckKey } from "./check-key.ts"
import type { Key, KeyInput, Slot } from "./key.ts"

/** Why a row is built, checked or released. The view adds the commit; the plan never holds one. */
export type Reason =
  | { readonly kind: "new" }
  /** Built before, but the store no longer has it. */
  | { readonly kind: "gone" }
  /** A file, relative to the tree's folder where it is still there, else to the context. */
  | { readonly kind: "changed"; readonly path: string; readonly how: "added" | "changed" | "removed" }
  /** A locked package; `from` or `to` is missing for one that came or went. */
  | {
      readonly kind: "package"
      readonly name: string
      readonly from?: string | undefined
      readonly to?: string | undefined
    }
  /** Something in nbstacks.yaml: `args.TORCH`, `target`, `env.PATH`. */
  | { readonly kind: "setting"; readonly field: string }
  | { readonly kind: "parent"; readonly id: RowId; readonly because: "rebuilt" | "digest" | "other" }
  | { readonly kind: "lock"; readonly reference: string }
  | { readonly kind: "refresh"; readonly value: string }
  /** This version of nbstacks makes other bytes from the same step. */
  | { readonly kind: "format"; readonly step: string }

/** A finished build: a key counts as built only on these digests. */
export type Built = {
  readonly key: Key
  readonly digest: Digest
  readonly parent: Digest | null
  readonly uses: Readonly<Record<RowId, Digest>>
  /** Where it is: another row may have the same key. */
  readonly repository: string
}

/** What the state says. Everything that `planTree` does not get from files. */
export type Known = {
  readonly built: ReadonlyMap<Key, readonly Built[]>
  /** Check keys under which an image passed. */
  readonly passed: ReadonlySet<CheckKey>
  /** Images that passed some checks, these or others. */
  readonly checked: ReadonlySet<Digest>
  /** Digests that a store was asked for and did not have. */
  readonly gone: ReadonlySet<Digest>
  /** What rows were made from before, for reasons. */
  readonly previous: ReadonlyMap<Slot, KeyInput>
}

export type Work = { readonly image: RowId; readonly platform: Platform; readonly key: Key }
export type PlannedBuild = Work & { readonly reasons: readonly Reason[] }
export type Reused = Work & { readonly digest: Digest }
export type PlannedCheck = {
  readonly image: RowId
  readonly platform: Platform
  readonly need: "after-build" | "checks-changed" | "not-passed"
}

/** What would be done: a versioned value that can be printed, saved, compared and run on another machine. */
export type Plan = {
  readonly version: 1
  /** Hash of everything in the files that matters; a plan whose inputs have changed is refused. */
  readonly inputs: string
  /** A wave needs only what is reused or in an earlier wave. */
  readonly waves: readonly (readonly PlannedBuild[])[]
  readonly reuse: readonly Reused[]
  readonly skipped: readonly { readonly image: RowId; readonly reason: string }[]
  readonly check: readonly PlannedCheck[]
}

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const Platforms = z.custom<Platform>((value) => typeof value === "string" && isPlatform(value))
const work = { image: z.string(), platform: Platforms, key: hex.transform((text) => text as Key) }

const Reasons: z.ZodType<Reason> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("new") }),
  z.object({ kind: z.literal("gone") }),
  z.object({ kind: z.literal("changed"), path: z.string(), how: z.enum(["added", "changed", "removed"]) }),
  z.object({ kind: z.literal("package"), name: z.string(), from: z.string().optional(), to: z.string().optional() }),
  z.object({ kind: z.literal("setting"), field: z.string() }),
  z.object({ kind: z.literal("parent"), id: z.string(), because: z.enum(["rebuilt", "digest", "other"]) }),
  z.object({ kind: z.literal("lock"), reference: z.string() }),
  z.object({ kind: z.literal("refresh"), value: z.string() }),
  z.object({ kind: z.literal("format"), step: z.string() }),
])

/** The form of a plan file. */
export const PlanFile: z.ZodType<Plan> = z.object({
  version: z.literal(1),
  inputs: hex,
  waves: z.array(z.array(z.object({ ...work, reasons: z.array(Reasons) }))),
  reuse: z.array(z.object({ ...work, digest: Digests })),
  skipped: z.array(z.object({ image: z.string(), reason: z.string() })),
  check: z.array(
    z.object({ image: z.string(), platform: Platforms, need: z.enum(["after-build", "checks-changed", "not-passed"]) }),
  ),
})
