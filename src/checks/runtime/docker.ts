import type { Client } from "./client.ts"
import type { RuntimeHost } from "./runtime.ts"
import { findPrograms } from "./which.ts"

/** A client whose daemon answers: another `docker` without one may come first on `PATH`. Otherwise, why there is none. */
export async function findDocker(
  host: RuntimeHost,
  { address, signal }: { readonly address: string | undefined; readonly signal: AbortSignal },
): Promise<Client | { readonly no: string }> {
  if (address === undefined) return { no: "the local store is not served on loopback" }
  const programs = await findPrograms(host, "docker")
  const reasons: string[] = []
  for (const program of programs) {
    const answer = await host.run({
      argv: [program, "version", "--format", "{{.Server.Version}}"],
      signal,
      timeout: 15_000,
    })
    if (answer.code === 0 && /^\d/.test(answer.stdout.trim())) {
      return { name: "docker", argv: [program], runFlags: [], mountFlags: [], pullFlags: ["--quiet"], address }
    }
    reasons.push(answer.stderr.trim().split("\n").at(-1) ?? "")
  }
  return {
    no:
      programs.length === 0
        ? "it is not installed"
        : (reasons.find((text) => text !== "") ?? "its daemon does not answer"),
  }
}
