import type { Host } from "../src/host/host.ts"
import { startRegistry } from "../test/support/registry.ts"
import { openSandbox, program } from "../test/support/sandbox.ts"
import { pushTiny } from "../test/support/tiny.ts"
import { measure, summary, type Measured, type Run } from "./measure.ts"

const files = 5_000

/** A context of five thousand files: hashed by the first plan, and then not again. */
export async function context(host: Host): Promise<readonly Measured[]> {
  await using registry = await startRegistry(host)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nimages:\n  all: {from: "${parent}", files: [{from: data, to: /srv/}], checks: {profile: none}}\n`,
    ...Object.fromEntries(
      Array.from({ length: files }, (_, at) => [`data/${at % 50}/${at}.txt`, `file ${at}\n`.repeat(100)]),
    ),
  })
  const plan = (): Promise<Run> =>
    measure(host, { argv: [program, "plan", "--offline"], cwd: sandbox.folder, env: sandbox.env })
  await measure(host, { argv: [program, "lock"], cwd: sandbox.folder, env: sandbox.env })
  // What changed within two seconds of being hashed is hashed again: the cache is to be trusted from here on.
  await host.sleep(2_500)
  await host.files.remove(`${sandbox.env["NBSTACKS_CACHE"]}/hashes`)
  const first = await plan()
  const again: Run[] = []
  for (let at = 0; at < 5; at++) again.push(await plan())
  return [
    summary({ name: `plan, a context of ${files} files, first`, by: "nbstacks" }, [first]),
    summary({ name: `plan, a context of ${files} files, again`, by: "nbstacks" }, again),
  ]
}
