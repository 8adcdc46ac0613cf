import type { Digest } from "../oci/digest.ts"
import type { Platform } from "../oci/platform.ts"
import type { CheckEvidence } from "../evidence/attach.ts"
import type { Key } from "../plan/key.ts"
import type { RowId } from "../tree/tree.ts"
import type { Bases } from "../state/key-state.ts"
import type { Place } from "../state/place.ts"

type Row = { readonly image: RowId; readonly platform: Platform; readonly key: Key }

/** An image that is there: built now or before. */
export type Done = Row & {
  readonly kind: "done"
  readonly digest: Digest
  readonly bases: Bases
  /** Where it is: the local store for what was built now. */
  readonly place: Place
  readonly built: boolean
  /** What was checked now; undefined where an earlier pass counts. */
  readonly checks?: CheckEvidence | undefined
  readonly milliseconds: number
}

/** A row that has no image now. `stage` says what failed. */
export type Failed = Row & {
  readonly kind: "failed"
  readonly stage: "build" | "check"
  readonly error: unknown
  readonly digest?: Digest
  readonly checks?: CheckEvidence
}

/** A row that was not tried, since one that it is built on failed. */
export type Stopped = Row & { readonly kind: "stopped"; readonly by: RowId }

export type Outcome = Done | Failed | Stopped

/** Whether a row has its image. */
export function isDone(outcome: Outcome): outcome is Done {
  return outcome.kind === "done"
}
