import type { RuntimeHost } from "../runtime.ts"
import { findPrograms } from "../which.ts"
import { quoted } from "./scripts.ts"

/**
 * A command on a terminal of its own, which `script` makes inside ours and passes on to. Ctrl-C then reaches what runs
 * inside, as in any terminal, and not bubblewrap, which would end. Without `script` the command as it is: Ctrl-C ends it.
 */
export async function onOwnTerminal(
  host: Pick<RuntimeHost, "files" | "env">,
  argv: readonly [string, ...string[]],
): Promise<readonly [string, ...string[]]> {
  const [script] = await findPrograms(host, "script")
  if (script === undefined) return argv
  return [script, "--quiet", "--return", "--command", `exec ${argv.map(quoted).join(" ")}`, "/dev/null"]
}
