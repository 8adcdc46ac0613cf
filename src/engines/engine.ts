import type { Descriptor } from "../oci/descriptor.ts"
import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { Location, Store } from "../oci/store/store.ts"
import type { Report } from "../report/event.ts"
import type { Step } from "../tree/step.ts"

/** One step of one row on one platform, to be executed on its parent. */
export type Job = {
  /** The row's name, for reports. */
  readonly image: string
  readonly platform: Platform
  /** A platform manifest (not an index) in the local store; absent for a `bootstrap`. */
  readonly parent?: Location
  /** Where the result goes. */
  readonly into: { readonly store: Store; readonly repository: string }
  /** `host:port` at which `into.store` is served as a registry while the job runs; engines that exchange through one need it. */
  readonly address?: string
  /** Other rows that a Dockerfile copies from: as written → where it is. */
  readonly rows: Readonly<Record<string, Location>>
  /** The bytes with a hash (hexadecimal sha256) of a step's file; verified while read. */
  readonly open: (sha256: string) => AsyncIterable<Uint8Array>
  /** Fails with `cannot` when the secret is not to be had. */
  readonly secret: (id: string) => Promise<Uint8Array>
  readonly signal: AbortSignal
  readonly report: Report
  /** Told each new blob of the result that is in `into` before the result is. */
  readonly onBlob?: ((blob: Descriptor) => void) | undefined
}

/** Says that an engine cannot, and what would help. */
export type Refusal = { readonly no: string; readonly hint: string }

/** What executes steps. Engines exchange images; the caller grafts the results of foreign ones (decision 9). */
export type Engine = {
  readonly name: "native" | "docker" | "mmdebstrap"
  /** How it takes its parent and gives its result. A result that came through a registry has to be grafted. */
  readonly exchange: "in-process" | "registry"
  /** Whether it can execute such a step here: asked before anything is built. */
  can(step: Step, platform: Platform): Promise<true | Refusal>
  /** The digest of the resulting platform manifest, in `job.into`. Fails with `no` when the build itself failed. */
  execute(step: Step, job: Job): Promise<Digest>
}
