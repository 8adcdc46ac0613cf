import * as fc from "fast-check"
import { expect, test } from "vitest"
import { planLayers, type Package, type PlannedLayer } from "./plan-layers.ts"

const megabyte = 1_000_000
const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/), { minLength: 1, maxLength: 120 })

function packageOf(name: string, size: number): Package {
  const share = Math.floor(size / 4)
  return {
    name,
    files: [
      { path: `${name}/a`, size: share, metadata: false },
      { path: `${name}/b`, size: share, metadata: false },
      { path: `${name}/c`, size: share, metadata: false },
      { path: `${name}.dist-info/METADATA`, size: Math.min(share, 2_000), metadata: true },
    ],
  }
}

const packages = names.chain((list) =>
  fc
    .array(fc.oneof(fc.integer({ min: 4_000, max: megabyte }), fc.integer({ min: 4_000, max: 300 * megabyte })), {
      minLength: list.length,
      maxLength: list.length,
    })
    .map((sizes) => list.map((name, index) => packageOf(name, sizes[index] ?? 4_000))),
)

/** A layer as what decides its bytes. */
function identity(layer: PlannedLayer): string {
  return JSON.stringify(layer.shares)
}

function coveredOnce(plan: readonly PlannedLayer[], wanted: readonly Package[]): void {
  const seen: string[] = []
  const files = new Map(wanted.map((item) => [item.name, item.files.map((file) => file.path)]))
  for (const layer of plan) for (const { name, only } of layer.shares) seen.push(...(only ?? files.get(name) ?? []))
  expect(seen.sort()).toEqual(wanted.flatMap((item) => item.files.map((file) => file.path)).sort())
}

test("any packages: each file once, never over a budget, whatever the order", () => {
  fc.assert(
    fc.property(packages, fc.integer({ min: 4, max: 64 }), fc.integer({ min: 0, max: 1_000 }), (list, layers, turn) => {
      const budget = { layer: 800 * megabyte, layers }
      fc.pre(list.reduce((sum, item) => sum + item.files.reduce((a, f) => a + f.size, 0), 0) < 300 * megabyte * layers)
      const plan = planLayers(list, budget)
      coveredOnce(plan, list)
      expect(plan.length).toBeLessThanOrEqual(layers)
      for (const layer of plan) expect(layer.size).toBeLessThanOrEqual(budget.layer)
      const turned = [...list.slice(turn % list.length), ...list.slice(0, turn % list.length)].reverse()
      expect(planLayers(turned, budget)).toEqual(plan)
    }),
    { numRuns: 150 },
  )
})

test("one small package more changes at most two layers, and leaves the others in their order", () => {
  fc.assert(
    fc.property(packages, fc.integer({ min: 4_000, max: 900_000 }), (list, size) => {
      const budget = { layer: 8_000 * megabyte, layers: 40 }
      const before = planLayers(list, budget).map(identity)
      const after = planLayers([...list, packageOf("zz_new", size)], budget).map(identity)
      const fresh = after.filter((layer) => !before.includes(layer))
      const gone = before.filter((layer) => !after.includes(layer))
      expect(fresh.length).toBeLessThanOrEqual(2)
      expect(gone.length).toBeLessThanOrEqual(2)
      expect(after.filter((layer) => before.includes(layer))).toEqual(before.filter((layer) => after.includes(layer)))
    }),
    { numRuns: 150 },
  )
})

test("one large package more takes its own layer and changes at most two others", () => {
  fc.assert(
    fc.property(packages, fc.integer({ min: 2 * megabyte, max: 300 * megabyte }), (list, size) => {
      const budget = { layer: 8_000 * megabyte, layers: 40 }
      const before = new Set(planLayers(list, budget).map(identity))
      const after = planLayers([...list, packageOf("zz_new", size)], budget).map(identity)
      expect(after.filter((layer) => !before.has(layer)).length).toBeLessThanOrEqual(3)
    }),
    { numRuns: 150 },
  )
})

test("a package's new version moves its own layer only", () => {
  const list = ["scipy", "numpy", "pandas", "six", "idna"].map((name, index) =>
    packageOf(name, [35, 17, 12, 0.1, 0.2][index]! * megabyte),
  )
  const newer = list.map((item) => (item.name === "pandas" ? packageOf("pandas", 12.1 * megabyte) : item))
  const budget = { layer: 800 * megabyte, layers: 40 }
  expect(planLayers(newer, budget).map((layer) => layer.title)).toEqual(
    planLayers(list, budget).map((layer) => layer.title),
  )
})

test("a package above the budget is split by files, its metadata in the last part", () => {
  const files = Array.from({ length: 9 }, (_, index) => ({
    path: `torch/${index}`,
    size: 300 * megabyte,
    metadata: false,
  }))
  const torch = { name: "torch", files: [{ path: "torch.dist-info/RECORD", size: megabyte, metadata: true }, ...files] }
  const plan = planLayers([torch, packageOf("six", 40_000)], { layer: 800 * megabyte, layers: 40 })
  coveredOnce(plan, [torch, packageOf("six", 40_000)])
  const parts = plan.filter((layer) => layer.title.startsWith("torch"))
  expect(parts.map((layer) => layer.title)).toEqual([1, 2, 3, 4, 5].map((part) => `torch (part ${part})`))
  expect(parts.at(-1)?.shares[0]?.only).toContain("torch.dist-info/RECORD")
})

test("a file above the budget is an error that says what can be done", () => {
  const torch = { name: "torch", files: [{ path: "torch/lib/cuda.so", size: 900 * megabyte, metadata: false }] }
  expect(() => planLayers([torch], { layer: 800 * megabyte, layers: 40 })).toThrow(
    "`torch/lib/cuda.so` of torch takes 900 MB",
  )
})

test("more than fits into all layers together is an error, a tight fit is not", () => {
  const list = Array.from({ length: 8 }, (_, index) => packageOf(`p${index}`, 90 * megabyte))
  expect(planLayers(list, { layer: 200 * megabyte, layers: 4 }).length).toBeLessThanOrEqual(4)
  expect(() => planLayers(list, { layer: 100 * megabyte, layers: 4 })).toThrow("do not fit into 4 layers")
})

test("no packages are no layers", () => {
  expect(planLayers([], { layer: 800 * megabyte, layers: 40 })).toEqual([])
})
