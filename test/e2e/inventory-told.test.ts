import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeHost } from "../../src/host/node/host.ts"
import type { Layer } from "../../src/oci/image.ts"
import { openLayout } from "../../src/oci/store/layout/layout.ts"
import { serveStore } from "../../src/oci/store/server/serve.ts"
import { writeImage } from "../../src/oci/write-image.ts"
import { imageOf, layerOf } from "../support/layers.ts"
import { openSandbox, type Sandbox } from "../support/sandbox.ts"

const host = makeHost(process.env)
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openSandbox(host)
})

afterAll(() => sandbox?.[Symbol.asyncDispose]())

/** What the program says to these questions of an image that is made of so many layers. */
async function asked(
  layers: readonly Layer[],
  ...questions: readonly (readonly string[])[]
): Promise<readonly Awaited<ReturnType<Sandbox["nbstacks"]>>[]> {
  const store = openLayout(join(sandbox.folder, "../made"), host)
  const { digest } = await writeImage(imageOf(...layers), { store, repository: "made" })
  await using made = await serveStore(store, host, { port: 0 })
  const name = `${made.address}/made@${digest}`
  return await Promise.all(questions.map(([command = "", ...more]) => sandbox.nbstacks(command, name, ...more)))
}

test("a copy that a package has for itself is listed with whose it is", async () => {
  const site = "opt/env/lib/python3.11/site-packages"
  const copy = layerOf({
    [`${site}/bleach-6.0.dist-info/METADATA`]: "Name: bleach\nVersion: 6.0\n",
    [`${site}/bleach/_vendor/html5lib-1.1.dist-info/METADATA`]: "Name: html5lib\nVersion: 1.1\n",
  })
  const [list, why] = await asked([copy], ["inspect", "--packages"], ["inspect", "--why", "html5lib"])
  expect(list?.stdout).toBe("pypi  bleach    6.0  layer 1\npypi  html5lib  1.1  layer 1, a copy in bleach\n")
  expect(why?.stdout).toMatch(/\n {2}a copy in +bleach\n/)
})

test("a database that is not read is said on stderr whatever is asked, and for programs", async () => {
  const made = [layerOf({ "etc/x": "" }), layerOf({ "var/lib/rpm/Packages": "Berkeley DB" })]
  const why = "it is an rpm database of an old form"
  const said = await asked(made, ["inspect"], ["sbom"], ["page"], ["inspect", "--json"])
  for (const one of said)
    expect(one).toMatchObject({
      code: 0,
      stderr: `warning: /var/lib/rpm/Packages of layer 2 is not read, so packages of RPM are missing: ${why}\n`,
    })
  expect((JSON.parse(said.at(-1)?.stdout ?? "") as { unread: object[] }).unread).toEqual([
    { name: "rpm", ecosystem: "rpm", path: "var/lib/rpm/Packages", layer: 2, why },
  ])
})
