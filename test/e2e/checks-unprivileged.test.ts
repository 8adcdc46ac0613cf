import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { CheckReport } from "../../src/checks/report.ts"
import { makeHost } from "../../src/host/node/host.ts"
import { jupyterImages, keptCache } from "../support/jupyter.ts"

const host = makeHost(process.env)
const script = fileURLToPath(new URL("../support/check-here.ts", import.meta.url))
const person = 54_321

/** Runs a script of ours as a user without any privileges, whose files are below `home`. */
function asPerson(home: string, argv: readonly string[]): readonly [string, ...string[]] {
  const drop = ["setpriv", `--reuid=${person}`, `--regid=${person}`, "--clear-groups"] as const
  return [...drop, "env", `--chdir=${home}`, `HOME=${home}`, `XDG_CACHE_HOME=${home}/cache`, process.execPath, ...argv]
}

test.each(["overlay", "copy"])("a user without root checks an image, writes going to a private %s", async (mode) => {
  await using stack = new AsyncDisposableStack()
  const images = stack.use(await jupyterImages(host))
  const { digest } = await images.image()
  const home = await host.files.makeTemporary("nbstacks-person-")
  stack.defer(() => host.files.remove(home))
  await host.run({ argv: ["cp", "-a", images.store.folder, join(home, "store")] })
  await host.run({ argv: ["chown", "-R", `${person}:${person}`, home] })
  const done = await host.run({ argv: asPerson(home, [script, join(home, "store"), digest, mode]), timeout: 500_000 })
  expect(done.stderr).not.toContain("Error")
  const report = CheckReport.parse(JSON.parse(done.stdout))
  expect(report.results.filter(({ status }) => status !== "passed")).toEqual([])
  expect(report.results.at(-1)?.output).toBe("1000\n100\n/home/jovyan\n")
  expect(await host.files.list(join(home, "cache", "nbstacks", `roots-${person}`, "runs"))).toEqual([])
})

test("kill -9 ends the container, and the next start removes what was left", async () => {
  await using stack = new AsyncDisposableStack()
  const images = stack.use(await jupyterImages(host))
  const { digest } = await images.image()
  const cache = keptCache(host)
  const runs = join(cache, "nbstacks", "roots-0", "runs")
  const env = { ...host.env, XDG_CACHE_HOME: cache }
  const child = await host.start({ argv: [process.execPath, script, images.store.folder, digest, "hang"], env })
  await using _child = child
  const mine = async (): Promise<readonly string[]> =>
    ((await host.files.list(runs)) ?? []).map(({ name }) => name).filter((name) => name.startsWith(`${child.pid}-`))
  for await (const chunk of child.stdout) if (Buffer.from(chunk).includes("running")) break
  const [name = ""] = await mine()
  expect(await sandboxes(name)).not.toEqual([])
  child.kill("SIGKILL")
  await child.ended
  await expect.poll(() => sandboxes(name), { timeout: 20_000 }).toEqual([])
  expect(await mine()).toEqual([name])
  const next = await host.run({ argv: [process.execPath, script, images.store.folder, digest, "overlay"], env })
  expect(CheckReport.parse(JSON.parse(next.stdout)).failed).toBe(0)
  expect(await mine()).toEqual([])
})

/** Ids of processes whose command line names a scratch folder. */
async function sandboxes(name: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const { name: pid } of (await host.files.list("/proc")) ?? []) {
    const line = /^\d+$/.test(pid) ? await host.files.readText(`/proc/${pid}/cmdline`).catch(() => "") : ""
    const files = /^\d+$/.test(pid) ? await host.files.readText(`/proc/${pid}/mountinfo`).catch(() => "") : ""
    if (line.includes(name) || files.includes(name)) found.push(pid)
  }
  return found
}
