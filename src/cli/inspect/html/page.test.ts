import { Script } from "node:vm"
import { expect, test } from "vitest"
import { makeHost } from "../../../host/node/host.ts"
import { imageOf, layerOf } from "../../../../test/support/layers.ts"
import { inventoryOf } from "../../../evidence/inventory/inventory.ts"
import type { WeightOptions } from "../../../evidence/weight/package-weight.ts"
import { weightOf } from "../../../evidence/weight/package-weight.ts"
import { readHeaders } from "../../../oci/merged/headers.ts"
import { digestOf } from "../../../oci/digest.ts"
import { weigh } from "../../../evidence/weight/hidden.ts"
import type { WeighedImage } from "../weighed.ts"
import { pageDocument } from "./document.ts"
import { pageData } from "./report.ts"
import { readPageParts } from "./script.ts"

const host = makeHost({})

async function weighedOf(...members: readonly Readonly<Record<string, string>>[]): Promise<WeighedImage> {
  const image = imageOf(...members.map((one) => layerOf(one)))
  const headers = await Promise.all(image.layers.map((layer) => readHeaders(layer)))
  const { root, hidden } = weigh(headers)
  const inventory = await inventoryOf(image)
  const layers: WeightOptions["layers"] = image.layers.map(({ descriptor: { size } }) => ({
    size,
    unpacked: 100,
    lists: [],
  }))
  const weight = weightOf({ root, items: inventory.items, layers })
  const location = { store: {} as never, repository: "x", digest: digestOf("x") }
  const named = { name: "x", base: undefined, location, image, evidence: undefined, from: "layers" } as const
  return { ...named, inventory, unpacked: [100], hidden, left: [], weight }
}

const files = (count: number, size: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`srv/${size}/${at}`, "x".repeat(size)]))

test("the largest files are named, the others are known by their number and size", async () => {
  const weighed = await weighedOf(
    { ...files(30, 2), ...files(10, 50), "node_modules/a/package.json": '{"name":"a","version":"1"}' },
    files(20, 1),
  )
  const { groups } = pageData(weighed, { ofGroup: 12, together: 14 })
  expect(groups.map(({ layer, package: at, files: count, largest }) => [layer, at, count, largest.length])).toEqual([
    [0, 0, 1, 1],
    [0, -1, 40, 12],
    [1, -1, 20, 1],
  ])
  expect(groups[1]?.largest.slice(0, 10).every(([path]) => path.startsWith("srv/50/"))).toBe(true)
  expect(groups[1]?.bytes).toBe(560)
})

test("times that say nothing are left out", async () => {
  const { image, ...weighed } = await weighedOf({ a: "x" })
  const created = (time: string): string | undefined => {
    const layers = image.layers.map((layer) => ({ ...layer, history: { created: time } }))
    return pageData({ ...weighed, image: { ...image, layers } }).layers[0]?.created
  }
  expect(created("2026-11-24T10:01:02.123Z")).toBe("2026-11-24 10:01")
  expect([created("1980-01-01T00:00:00Z"), created("1970-01-01T00:00:00Z")]).toEqual(["", ""])
})

test("the page's program is one script that can be read, and ends no script", async () => {
  const { script, style } = await readPageParts(host.files)
  expect(() => new Script(script)).not.toThrow()
  expect(script).not.toMatch(/^(?:import|export)\b/m)
  expect(`${script}${style}`).not.toMatch(/<\/(?:script|style)/i)
  expect(script).toContain("Copyright 2010-2026 Mike Bostock")
  const page = pageDocument(pageData(await weighedOf({ "a</script><b>": "x" })), { script, style })
  expect(page.match(/<\/script/g)?.length).toBe(2)
  expect(page).toContain("a\\u003c/script>\\u003cb>")
  const long = { ...(await weighedOf({ a: "x" })), name: "x".repeat(1_000_000) }
  expect(pageDocument(pageData(long), { script, style }).length).toBeLessThan(page.length + 20_000)
})
