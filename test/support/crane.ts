import type { Host } from "../../src/host/host.ts"
import { installGo } from "./go-install.ts"

/** go-containerregistry's `crane`. */
export function findCrane(host: Host): Promise<string> {
  return installGo(host, {
    name: "crane",
    path: "github.com/google/go-containerregistry/cmd/crane",
    version: "v0.20.6",
  })
}
