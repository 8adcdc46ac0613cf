import { join } from "node:path"
import { expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import { copyManifest } from "../../src/oci/copy.ts"
import { readImage } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { openRegistry } from "../../src/oci/store/registry/registry.ts"
import { startBuildkit } from "../support/buildkit.ts"
import { debianBase } from "../support/debian.ts"
import { exampleRequirement } from "../support/examples.ts"
import { startRegistry } from "../support/registry.ts"
import { openSandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)

test("BuildKit builds on an image of ours, runs its Python, and keeps our layers as they are", async () => {
  await using registry = await startRegistry(host)
  await using buildkit = await startBuildkit(host)
  await using sandbox = await openSandbox(host)
  const store = openRegistry(registry.address, host, {})
  const made = await debianBase(host, openLayout(join(sandbox.folder, "../debian"), host))
  await copyManifest(made, { store, repository: "debian" })
  await store.tag("debian", "1", made.digest)
  await sandbox.write({
    "nbstacks.yaml": `version: 1
images:
  ours: {from: "${registry.address}/debian:1", environment: environment, checks: {profile: none}}
`,
    "environment/requirements.txt": await exampleRequirement(host, "quickstart/images/science", "numpy"),
  })
  expect(await sandbox.nbstacks("lock")).toMatchObject({ code: 0 })
  const built = await sandbox.nbstacks("build", "--to", registry.address, "--json")
  expect(built).toMatchObject({ code: 0 })
  const [reference] = /127\.0\.0\.1:\d+\/ours@sha256:[0-9a-f]{64}/.exec(built.stdout) ?? [""]
  await sandbox.write({
    "child/Dockerfile": `FROM ${reference}\nRUN python -c 'import numpy; print(numpy.arange(4).sum())' > /tmp/sum\n`,
  })

  const folder = join(sandbox.folder, "child")
  const output = `type=image,name=${registry.address}/child:1,push=true,oci-mediatypes=true`
  const context = ["--local", `context=${folder}`, "--local", `dockerfile=${folder}`]
  await buildkit.buildctl("build", "--frontend", "dockerfile.v0", ...context, "--output", output)

  const ours = await readImage(store, "ours", reference.split("@")[1] as `sha256:${string}`)
  const found = await store.readManifest("child", "1")
  const child = await readImage(store, "child", found?.descriptor.digest ?? made.digest)
  const digests = child.layers.map(({ descriptor }) => descriptor.digest)
  expect(digests.slice(0, -1)).toEqual(ours.layers.map(({ descriptor }) => descriptor.digest))
  expect(child.platform).toBe(ours.platform)
})
