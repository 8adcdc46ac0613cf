import type { Host } from "../src/host/host.ts"
import { startFaultProxy } from "../test/support/fault-proxy.ts"
import { startRegistry } from "../test/support/registry.ts"
import { openSandbox } from "../test/support/sandbox.ts"
import { pushTiny } from "../test/support/tiny.ts"
import { median, type Measured } from "./measure.ts"

const rows = 1_000
const runs = 5

/** `plan` and `publish` of a tree of a thousand rows of which nothing has changed, the registry asked. */
export async function thousandRows(host: Host): Promise<readonly Measured[]> {
  await using registry = await startRegistry(host)
  await using proxy = await startFaultProxy(host, registry.address)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nregistry: ${proxy.address}\ndefaults: {checks: {profile: none}}\nimages:\n  base: {from: "${parent}", env: {HUB: "1"}, publish: never}\n  class:\n    from: base\n    matrix: {class: classes/*}\n    name: "{class}"\n    files: [{from: "classes/{class}", to: /srv/}]\n`,
    ...Object.fromEntries(Array.from({ length: rows }, (_, at) => [`classes/c${at}/notes.txt`, `class ${at}\n`])),
  })
  for (const argv of [["lock"], ["publish", "--allow-dirty"]]) {
    const start = host.elapsed()
    const { code, stderr } = await sandbox.nbstacks(...argv)
    if (code !== 0) throw new Error(stderr)
    console.error(`${argv.join(" ")}: ${((host.elapsed() - start) / 1000).toFixed(1)} s`)
  }
  const results: Measured[] = []
  for (const verb of [["plan"], ["publish", "--allow-dirty"]] as const) {
    const times: number[] = []
    let requests = 0
    for (let run = 0; run <= runs; run++) {
      const before = proxy.seen.length
      const start = host.elapsed()
      const { code, stderr, stdout } = await sandbox.nbstacks(...verb)
      if (code !== 0 || !/Nothing/.test(stdout + stderr)) throw new Error(stdout + stderr)
      requests = proxy.seen.length - before
      // The first run fills caches.
      if (run > 0) times.push((host.elapsed() - start) / 1000)
    }
    results.push({
      name: `${verb[0]}, ${rows} rows, nothing changed`,
      seconds: median(times),
      facts: { requests, runs },
    })
  }
  return results
}
