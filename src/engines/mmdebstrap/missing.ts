import type { Host } from "../../host/host.ts"
import { openAptRoot } from "./apt-root.ts"
import type { HostApt } from "./host-apt.ts"
import type { Versioned } from "./names.ts"

/** Of the locked packages those that the mirrors do not have at that version now. Fails as `openAptRoot` does. */
export async function missingFromMirrors(
  apt: HostApt,
  locked: readonly Versioned[],
  { host, signal }: { readonly host: Pick<Host, "files" | "run" | "env" | "machine">; readonly signal?: AbortSignal },
): Promise<readonly Versioned[]> {
  await using root = await openAptRoot(apt, host, signal)
  const { stdout } = await root.apt(["apt-cache", "madison", "--", ...locked.map((one) => one.name)])
  const there = new Set(
    stdout.split("\n").map((line) => {
      const [name = "", version = ""] = line.split("|").map((field) => field.trim())
      return `${name}=${version}`
    }),
  )
  return locked.filter((one) => !there.has(`${one.name}=${one.version}`))
}
