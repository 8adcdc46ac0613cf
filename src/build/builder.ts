import type { Engine } from "../engines/engine.ts"
import type { CheckEvidence } from "../evidence/attach.ts"
import type { Failure } from "../failure.ts"
import type { Host } from "../host/host.ts"
import type { Digest } from "../oci/digest.ts"
import type { Location, Store } from "../oci/store/store.ts"
import type { Platform } from "../oci/platform.ts"
import type { Keyed, Slot } from "../plan/key.ts"
import type { Report } from "../report/event.ts"
import type { CanCheck } from "./preflight.ts"
import type { Place } from "../state/place.ts"
import type { Image, Tree } from "../tree/tree.ts"

/** Runs an image's checks. Rejects only when they could not be run at all. */
export type Check = (image: Image, platform: Platform, location: Location) => Promise<CheckEvidence>

/** Why an image is over its row's budget; undefined where it is not. */
export type OverBudget = (
  image: Image,
  platform: Platform,
  location: Location,
  parent: Digest | null,
) => Promise<Failure | undefined>

/** Everything that carrying out a plan needs. */
export type Builder = {
  readonly tree: Tree
  readonly keys: ReadonlyMap<Slot, Keyed>
  /** Where images are built. */
  readonly local: Place
  /** Asked for images that are not in the local store; the local one last. */
  readonly places: readonly Place[]
  readonly engines: readonly Engine[]
  /** `host:port` at which the local store is served; starts serving at the first call. */
  readonly serve: () => Promise<string>
  /** Where an image of another registry is. */
  readonly external: (reference: string, digest: Digest) => Promise<Location>
  readonly check: Check
  readonly overBudget: OverBudget
  /** Whether this machine can run an image of a platform: asked before anything is built. */
  readonly canCheck: CanCheck
  /** What went wrong, as a `Failure` where it is of this machine, such as a full disk. */
  readonly explain: (error: unknown) => Promise<unknown>
  /** Rows that may be built or checked at once. */
  readonly jobs: number
  readonly host: Pick<Host, "env" | "files" | "elapsed" | "sleep" | "saveMemory">
  readonly signal: AbortSignal
  readonly report: Report
}

/** Where the builder puts and finds an image of a row. */
export function locationIn(place: Place, image: Image, digest: Digest): Location {
  return { store: place.store, repository: place.repositoryOf(image.repository), digest }
}

/** The local store and repository of a row. */
export function destination(
  builder: Pick<Builder, "local">,
  image: Image,
): { readonly store: Store; readonly repository: string } {
  return { store: builder.local.store, repository: builder.local.repositoryOf(image.repository) }
}
