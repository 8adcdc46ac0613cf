import { join } from "node:path"
import type { Host } from "../src/host/host.ts"
import { startFaultProxy } from "../test/support/fault-proxy.ts"
import { startRegistry } from "../test/support/registry.ts"
import { openSandbox, program } from "../test/support/sandbox.ts"
import { pushTiny } from "../test/support/tiny.ts"
import { chartpressIn } from "./chartpress.ts"
import { measure, repeated, summary, type Measured, type Run } from "./measure.ts"

const rows = 1_000
const runs = 7

/**
 * A tree of a thousand rows: its first publish, then `plan` and `publish` with nothing changed, the registry asked.
 * chartpress lists a thousand images in the same run, and asks nobody.
 */
export async function thousandRows(host: Host): Promise<readonly Measured[]> {
  await using registry = await startRegistry(inMemory(host))
  await using proxy = await startFaultProxy(host, registry.address)
  await using sandbox = await openSandbox(host)
  const parent = await pushTiny(host, registry.address)
  await sandbox.write({
    "nbstacks.yaml": `version: 1\nregistry: ${proxy.address}\ndefaults: {checks: {profile: none}}\nimages:\n  base: {from: "${parent}", env: {HUB: "1"}, publish: never}\n  class:\n    from: base\n    matrix: {class: classes/*}\n    name: "{class}"\n    files: [{from: "classes/{class}", to: /srv/}]\n`,
    ...Object.fromEntries(Array.from({ length: rows }, (_, at) => [`classes/c${at}/notes.txt`, `class ${at}\n`])),
  })
  const nbstacks = (...args: readonly string[]): Promise<Run> =>
    measure(host, { argv: [program, ...args], cwd: sandbox.folder, env: sandbox.env })
  await nbstacks("lock")
  const results: Measured[] = []
  const first = async (name: string, ...args: readonly string[]): Promise<void> => {
    const before = proxy.seen.length
    const run = await nbstacks(...args)
    const requests = proxy.seen.length - before
    results.push(summary({ name, by: "nbstacks", facts: { requests } }, [run]))
  }
  await first(`build of ${rows} new rows, into the local store`, "build")
  await first("first publish of these, to a registry that keeps its files in memory", "publish", "--allow-dirty")

  for (const [goal, verb] of [
    ["0.5 s, 10 requests", ["plan"]],
    ["1 s", ["publish", "--allow-dirty"]],
  ] as const) {
    let requests = 0
    const measured = await repeated(runs, async () => {
      const before = proxy.seen.length
      const run = await nbstacks(...verb)
      requests = proxy.seen.length - before
      if (!run.output.includes("Nothing")) throw new Error(run.output)
      return run
    })
    const name = `${verb[0]}, ${rows} rows, nothing changed, registry asked`
    results.push(summary({ name, by: "nbstacks", goal, facts: { requests } }, measured))
  }

  const chartpress = await chartpressIn(host)
  await sandbox.write({
    "charts/chartpress.yaml": `charts:\n  - name: hub\n    images:\n${Array.from({ length: rows }, (_, at) => `      c${at}: {contextPath: ../classes/c${at}, dockerfilePath: ../classes/c${at}/Dockerfile, valuesPath: c${at}.image}\n`).join("")}`,
    "charts/hub/Chart.yaml": "apiVersion: v1\nname: hub\nversion: 0.0.1-set.by.chartpress\n",
    "charts/hub/values.yaml": "{}\n",
    ...Object.fromEntries(Array.from({ length: rows }, (_, at) => [`classes/c${at}/Dockerfile`, "FROM scratch\n"])),
  })
  await sandbox.git("init", "-q")
  await sandbox.git("add", ".")
  await sandbox.git("commit", "-qm", "all")
  const listed = await repeated(runs, () =>
    measure(host, { argv: [chartpress, "--list-images"], cwd: join(sandbox.folder, "charts"), env: sandbox.env }),
  )
  const found = listed[0]?.output.match(/^\S*c\d+:\S+$/gm)?.length ?? 0
  if (found !== rows) throw new Error(`chartpress listed ${found} images`)
  results.push(
    summary(
      {
        name: `plan, ${rows} rows, nothing changed, registry asked`,
        by: `chartpress --list-images, asking nobody`,
        facts: { images: found },
      },
      listed,
    ),
  )
  return results
}

/** The host with temporary folders in memory: a registry waits for its disk many times a row, which is not ours to measure. */
function inMemory(host: Host): Host {
  const files: Host["files"] = {
    ...host.files,
    makeTemporary: (prefix, parent = "/dev/shm") => host.files.makeTemporary(prefix, parent),
  }
  return { ...host, files }
}
