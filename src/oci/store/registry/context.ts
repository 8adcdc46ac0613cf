import type { Host } from "../../../host/host.ts"
import type { Endpoint } from "./endpoint.ts"

/** The parts of the host that a registry client uses: the network, the clock, and where logins are. */
export type RegistryHost = Pick<Host, "http" | "now" | "sleep" | "random" | "files" | "run" | "env" | "machine">

/** What every request of one registry needs to know. */
export type Context = {
  readonly endpoint: Endpoint
  readonly host: RegistryHost
  readonly signal: AbortSignal | undefined
}
