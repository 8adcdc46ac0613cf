import type { Host } from "../src/host/host.ts"
import { startDocker } from "../test/support/docker.ts"
import { openExample, type ExampleName, type ExampleOptions } from "../test/support/examples.ts"
import { startRegistry } from "../test/support/registry.ts"
import { program } from "../test/support/sandbox.ts"
import { measure, summary, type Measured } from "./measure.ts"

/** Both examples from nothing to a release, with all their checks: what a whole publish takes, in memory above all. */
export async function trees(host: Host): Promise<readonly Measured[]> {
  const quickstart = await published(host, "quickstart", {})
  await using docker = await startDocker()
  await using registry = await startRegistry(host)
  const datahub = await published(host, "datahub", {
    env: { DOCKER_HOST: docker.address },
    replace: { "version: 1\n": `version: 1\nregistry: ${registry.address}\n` },
  })
  return [quickstart, datahub]
}

async function published(host: Host, name: ExampleName, options: ExampleOptions): Promise<Measured> {
  await using sandbox = await openExample(host, name, options)
  const argv = [program, "publish", "--runtime", "bubblewrap"]
  const run = await measure(host, { argv, cwd: sandbox.folder, env: sandbox.env })
  const images = Number(/: (\d+) images/.exec(run.output)?.[1])
  return summary(
    { name: `publish of examples/${name}, nothing built before`, by: "nbstacks", goal: "300 MB", facts: { images } },
    [run],
  )
}
