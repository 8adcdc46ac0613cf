import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { imageOf, layerOf } from "../../../test/support/layers.ts"
import { factsOfLayers, inventoryFrom } from "../inventory/inventory.ts"
import { factsPart, readFacts } from "./facts-part.ts"
import { recipePart } from "./recipe.ts"

test("facts of layers are read again as they were kept, whatever their members are", async () => {
  const image = imageOf(
    layerOf({
      lib: { kind: "symlink", link: "usr/lib" },
      "etc/passwd": "root:x:0:0\n",
      "opt/env/lib/python3.11/site-packages/demo-1.dist-info/METADATA": "Name: demo\nVersion: 1\n\n",
      "opt/env/lib/python3.11/site-packages/demo-1.dist-info/INSTALLER": "pip\n",
      "var/lib/dpkg/status": "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5\n\n",
    }),
    layerOf({ "usr/.wh.lib": "", "srv/a.txt": "a" }),
  )
  const facts = await factsOfLayers(image)
  const known = await readFacts((await factsPart(image, facts)).bytes)
  expect(image.layers.map(({ descriptor }) => known.get(descriptor.digest))).toEqual(facts)
  expect(inventoryFrom([...known.values()]).items.length).toBeGreaterThan(1)
})

test("what is no facts, or more than anybody has, is none", async () => {
  for (const bytes of [Buffer.from("x"), gzipSync("{}"), gzipSync(Buffer.alloc(300 * 1024 * 1024))])
    expect((await readFacts(bytes)).size).toBe(0)
})

test("a recipe has no proxy, which may hold a login", () => {
  const step = { kind: "dockerfile", args: { HTTP_PROXY: "http://me:secret@proxy", https_proxy: "x", MORE: "1" } }
  const { bytes } = recipePart({ steps: [step] } as unknown as Parameters<typeof recipePart>[0])
  expect(JSON.parse(Buffer.from(bytes).toString()).steps).toEqual([{ kind: "dockerfile", args: { MORE: "1" } }])
})
