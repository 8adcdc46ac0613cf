import type { Host } from "../../src/host/host.ts"
import { installGo } from "./go-install.ts"

/** Sigstore's `cosign`, of the version that keeps signatures as referrers. */
export function findCosign(host: Host): Promise<string> {
  return installGo(host, { name: "cosign", path: "github.com/sigstore/cosign/v3/cmd/cosign", version: "v3.1.2" })
}
