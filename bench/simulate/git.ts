import type { Host } from "../../src/host/host.ts"

/** What git says of a clone, without the newline at the end; empty where it has no answer. */
export async function git(host: Pick<Host, "run">, folder: string, args: readonly string[]): Promise<string> {
  const { code, stdout } = await host.run({ argv: ["git", "-C", folder, ...args], timeout: 600_000 })
  return code === 0 ? stdout.trimEnd() : ""
}
