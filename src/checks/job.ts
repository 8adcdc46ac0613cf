import type { Host } from "../host/host.ts"
import type { HeaderCache } from "../oci/merged.ts"
import type { Report } from "../report/event.ts"
import type { NotebookCheck } from "../tree/checks.ts"
import type { Runtime, RuntimeHost } from "./runtime/runtime.ts"

/** The parts of the host that checks use. */
export type CheckHost = RuntimeHost & Pick<Host, "http">

export type CheckJob = {
  readonly host: CheckHost
  /** Asked for only when there is something to run: an image without checks needs no runtime. */
  readonly runtime: () => Promise<Runtime>
  /** The bytes of a notebook; they are compared with the check's hash. */
  readonly notebook: (check: NotebookCheck) => Promise<Uint8Array>
  /** Where headers of layers are kept between runs. */
  readonly headers?: HeaderCache
  readonly signal: AbortSignal
  readonly report: Report
}
